"""Every wait for PostgreSQL has a limit: silent, dropped and slow connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.errors import SettingsError
from service.storage import deadlines, postgresql
from service.storage.chunks import Chunks
from service.storage.database import Database
from tests.chaos.proxy import Proxy

# Far above the expected time, far below that of an unguarded wait.
PATIENCE_S = 60.0


def behind(proxy: Proxy, database: Database, query: str = "") -> Database:
    url = proxy.url_of(database.url.render_as_string(hide_password=False))
    return Database(url + (f"{'&' if '?' in url else '?'}{query}" if query else ""))


@pytest.fixture
def distant(proxy: Proxy, postgresql_database: Database) -> Iterator[Database]:
    """The database seen through the proxy, with a connection in its pool."""
    made = behind(proxy, postgresql_database)
    made.ping()
    yield made
    made.close()


def seconds_of_refusal(database: Database, sql: str = "SELECT 1") -> float:
    started = time.monotonic()
    with pytest.raises(OperationalError), database.read() as session:
        session.execute(text(sql))
    return time.monotonic() - started


def test_a_pooled_connection_that_fell_silent_is_left_for_a_new_one(
    proxy: Proxy, distant: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "PING_S", 0.5)
    monkeypatch.setattr(postgresql, "HEARD_S", -1.0)  # it was heard too long ago
    proxy.set_open("silent")
    started = time.monotonic()
    distant.ping()
    assert time.monotonic() - started < PATIENCE_S
    proxy.mode = "pass"


def test_one_silent_connection_gives_up_all_that_are_as_old(
    proxy: Proxy, distant: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with distant.engine.connect(), distant.engine.connect(), distant.engine.connect():
        pass  # three in the pool
    monkeypatch.setattr(postgresql, "PING_S", 1.0)
    monkeypatch.setattr(postgresql, "HEARD_S", -1.0)
    proxy.set_open("silent")
    distant.ping()
    n_pings = 0

    def counted(*_: object) -> bool:
        nonlocal n_pings
        n_pings += 1
        return True

    monkeypatch.setattr(distant.engine.dialect, "do_ping", counted)
    with distant.engine.connect(), distant.engine.connect(), distant.engine.connect():
        assert n_pings <= 1  # the new one's; the two others were replaced unasked


@pytest.mark.parametrize("heard_s", [-1.0, 60.0], ids=["long ago", "just now"])
def test_a_connection_that_the_server_has_closed_is_left_for_a_new_one(
    postgresql_database: Database, heard_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "HEARD_S", heard_s)
    database = Database(postgresql_database.url.render_as_string(hide_password=False))
    with database.read() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    with postgresql_database.read() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
    with database.read() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != pid
    database.close()


def test_only_a_connection_that_was_silent_for_long_is_pinged(
    postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_pings = 0

    def counted(*_: object) -> bool:
        nonlocal n_pings
        n_pings += 1
        return True

    monkeypatch.setattr(PGDialect_psycopg, "do_ping", counted)
    database = Database(postgresql_database.url.render_as_string(hide_password=False))
    database.ping()  # connects
    for heard_s, expected in ((60.0, 0), (-1.0, 2)):
        monkeypatch.setattr(postgresql, "HEARD_S", heard_s)
        database.ping()
        database.ping()
        assert n_pings == expected, heard_s
    database.close()


def test_a_statement_without_an_answer_ends_and_so_does_its_commit(
    proxy: Proxy, distant: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silence_before(statement: str) -> None:
        with distant.write() as session:
            session.execute(text("SELECT 1"))
            connection = session.connection().connection.dbapi_connection
            monkeypatch.setattr(connection, "limit_s", 0.5)
            proxy.set_open("silent")
            if statement != "COMMIT":
                session.execute(text(statement))

    for statement in ("SELECT 2", "COMMIT"):
        with pytest.raises(OperationalError, match="no answer within"):
            silence_before(statement)
        distant.ping()  # by a new connection


def test_a_server_that_does_not_greet_is_given_up(
    proxy: Proxy, postgresql_database: Database
) -> None:
    proxy.mode = "silent"
    database = behind(proxy, postgresql_database, "connect_timeout=2")
    assert 1.5 < seconds_of_refusal(database) < PATIENCE_S
    proxy.mode = "pass"
    database.ping()
    database.close()


def test_a_deadline_bounds_a_silent_statement(proxy: Proxy, distant: Database) -> None:
    def silenced() -> None:
        with deadlines.within(1.0), distant.read() as session:
            session.execute(text("SELECT 1"))
            proxy.set_open("silent")
            session.execute(text("SELECT 2"))

    with pytest.raises(OperationalError, match="no answer"):
        silenced()


def test_dropped_connections_are_made_again(proxy: Proxy, distant: Database) -> None:
    proxy.mode = "drop"
    assert seconds_of_refusal(distant) < PATIENCE_S
    proxy.mode = "pass"
    distant.ping()


def test_what_the_address_says_wins(proxy: Proxy, postgresql_database: Database) -> None:
    options = "options=-c%20statement_timeout%3D1500%20-c%20work_mem%3D8MB&keepalives_idle=77"
    database = behind(proxy, postgresql_database, options)
    with database.read() as session:
        found = {
            name: session.scalar(text(f"SHOW {name}"))
            for name in ("statement_timeout", "lock_timeout", "work_mem")
        }
        connection: Any = session.connection().connection.dbapi_connection
        assert connection.limit_s == 1.5 + postgresql.SLACK_S
        assert connection.info.get_parameters()["keepalives_idle"] == "77"
    assert found == {"statement_timeout": "1500ms", "lock_timeout": "10s", "work_mem": "8MB"}
    assert seconds_of_refusal(database, "SELECT pg_sleep(60)") < PATIENCE_S
    database.close()


def test_a_connection_begins_with_nothing_that_pgbouncer_refuses(
    postgresql_database: Database,
) -> None:
    with postgresql_database.read() as session:
        connection: Any = session.connection().connection.dbapi_connection
        assert "options" not in connection.info.get_parameters()
        found = {name: session.scalar(text(f"SHOW {name}")) for name in postgresql.SESSION_S}
    assert found == {
        "statement_timeout": "20s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "20s",
    }


def test_no_limit_in_the_address_is_none(proxy: Proxy, postgresql_database: Database) -> None:
    database = behind(proxy, postgresql_database, "options=-c%20statement_timeout%3D0")
    with database.read() as session:
        connection: Any = session.connection().connection.dbapi_connection
        assert connection.limit_s == postgresql.PATIENT_S
        assert session.scalar(text("SHOW statement_timeout")) == "0"
        assert session.scalar(text("SHOW lock_timeout")) == "10s"
    database.close()


def test_a_silent_connection_ends_the_work_in_chunks(
    proxy: Proxy, postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "SLACK_S", 0.1)
    database = behind(proxy, postgresql_database, "options=-c%20statement_timeout%3D500")

    def work(session: Session, _size: int) -> int:
        proxy.set_open("silent")
        session.execute(text("SELECT 1"))
        return 1

    started = time.monotonic()
    with deadlines.within(PATIENCE_S), pytest.raises(OperationalError, match="no answer"):
        Chunks(database).repeat(work)
    assert time.monotonic() - started < PATIENCE_S / 2
    database.close()


def test_patient_work_has_no_limit_and_the_next_has_one_again(
    proxy: Proxy, postgresql_database: Database
) -> None:
    database = behind(proxy, postgresql_database, "options=-c%20statement_timeout%3D300")
    query = text("SELECT pg_sleep(1)")
    with database.write(is_patient=True) as session:
        session.execute(query)
    with database.patient.connect() as connection:
        connection.execute(query)
    assert seconds_of_refusal(database, "SELECT pg_sleep(60)") < PATIENCE_S
    database.close()


ONE = {"version": "none"}


@pytest.mark.parametrize("kind", ["usual", "is_patient", "is_brief"])
@pytest.mark.parametrize("rows", [ONE, [ONE, ONE, ONE]], ids=["one", "many"])
def test_a_client_that_is_cut_off_leaves_no_lock_behind(
    proxy: Proxy,
    postgresql_database: Database,
    rows: dict[str, str] | list[dict[str, str]],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert 0 < postgresql.PATIENT_IDLE_S <= 600
    monkeypatch.setattr(postgresql, "PATIENT_IDLE_S", 1)
    idle = "options=-c%20idle_in_transaction_session_timeout%3D500"
    cut_off = behind(proxy, postgresql_database, idle)
    locked = text("UPDATE alembic_version SET version_num = version_num")
    is_free = False
    options = {} if kind == "usual" else {kind: True}

    def silenced() -> None:
        nonlocal is_free
        with cut_off.write(**options) as session:
            session.execute(locked)
            # psycopg sends one row and many rows in different ways.
            session.execute(text("UPDATE dispatchers SET id = id WHERE id = :version"), rows)
            proxy.set_open("silent")
            with postgresql_database.write() as other:
                other.execute(locked)  # waits until the server has ended the first
                is_free = True
            with deadlines.within(0.1):
                session.execute(locked)

    with pytest.raises(OperationalError, match="no answer"):
        silenced()
    assert is_free
    cut_off.close()


@pytest.mark.parametrize("query", ["channel_binding=x", "connect_timeout=x", "service=none"])
def test_a_parameter_with_an_unusable_value_is_a_wrong_setting(query: str) -> None:
    database = Database(f"postgresql://user:s3cret@127.0.0.1:1/x?{query}")
    with pytest.raises(SettingsError, match=query.partition("=")[0]) as refused:
        database.ping()
    assert "s3cret" not in str(refused.value)
    database.close()
