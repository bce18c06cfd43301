"""What is gathered reaches PostgreSQL in its order, whole or not at all, and in few trips."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, NotSupportedError
from sqlalchemy.orm import Session

from service.storage import gathered, statements
from service.storage.database import Database

ADDED = text("INSERT INTO one (id, content) VALUES (:id, :content)")
ODD = "it's; \"1\" %s %(x)s %% :y \\ \\' $1 -- /* \n;ROLLBACK; \u00fc\U0001f600"


@pytest.fixture
def database(postgresql_database: Database) -> Database:
    with postgresql_database.write() as session:
        session.execute(text("CREATE TABLE one (id int PRIMARY KEY, content text)"))
    return postgresql_database


def add(session: Session, key: int, content: str = "x") -> None:
    statements.gather(session, ADDED, {"id": key, "content": content})  # type: ignore[arg-type]


def contents(database: Database) -> dict[int, str]:
    with database.read() as session:
        return {row[0]: row[1] for row in session.execute(text("SELECT * FROM one"))}


def test_what_is_gathered_is_there_for_the_next_statement(database: Database) -> None:
    with database.write(is_brief=True) as session:
        add(session, 1)
        add(session, 2)
        assert session.scalar(text("SELECT count(*) FROM one")) == 2
        session.execute(ADDED, [{"id": n, "content": "x"} for n in (3, 4)])
        add(session, 5)
        session.execute(ADDED, [{"id": n, "content": "x"} for n in (6, 7)])
        add(session, 8)
    assert sorted(contents(database)) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("is_alone", [True, False], ids=["with COMMIT", "with a statement"])
def test_values_arrive_as_they_are(database: Database, is_alone: bool) -> None:
    with database.write(is_brief=True) as session:
        add(session, 1, ODD)
        if not is_alone:
            found = session.scalar(text("SELECT content FROM one WHERE content = :c"), {"c": ODD})
            assert found == ODD
    assert contents(database) == {1: ODD}


def test_an_error_undoes_all_and_leaves_the_connection_usable(database: Database) -> None:
    def twice(*, is_alone: bool) -> None:
        with database.write(is_brief=True) as session:
            add(session, 1)
            add(session, 2)
            add(session, 2)
            if not is_alone:
                session.execute(text("SELECT 1"))

    for is_alone in (True, False):
        with pytest.raises(IntegrityError):
            twice(is_alone=is_alone)
        assert contents(database) == {}
    with database.write(is_brief=True) as session:
        add(session, 3)
    assert sorted(contents(database)) == [3]


def test_an_error_of_python_sends_nothing(database: Database) -> None:
    def failing() -> None:
        with database.write(is_brief=True) as session:
            add(session, 1)
            raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        failing()
    with database.write(is_brief=True):
        pass
    assert contents(database) == {}


def test_only_brief_transactions_prepare(database: Database) -> None:
    prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%ours%'")
    for is_brief, expected in ((False, 0), (True, 1)):
        for _ in range(gathered.PREPARED_FROM + 2):
            with database.read(is_brief=is_brief) as session:
                session.execute(text("SELECT 'ours' WHERE 1 = :x"), {"x": 1})
        with database.read() as session:
            assert session.scalar(prepared) == expected


def test_a_table_that_was_changed_is_read_again(database: Database) -> None:
    def read() -> list[Any]:
        with database.read(is_brief=True) as session:
            return list(session.scalars(text("SELECT content FROM one")))

    with database.write() as session:
        session.execute(ADDED, {"id": 1, "content": "x"})
    for _ in range(gathered.PREPARED_FROM + 2):
        assert read() == ["x"]
    with database.write() as session:
        session.execute(text("ALTER TABLE one ALTER content TYPE varchar(9)"))
    with pytest.raises(NotSupportedError):
        read()
    assert read() == ["x"]


def test_a_brief_transaction_has_few_trips(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    execute: Any = psycopg.Cursor.execute

    def counted(cursor: object, query: str, *given: object, **options: object) -> object:
        sent.append(query)
        return execute(cursor, query, *given, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    with database.write(is_brief=True) as session:
        session.execute(text("SELECT 1")).all()
        for key in range(3):
            add(session, key)
    assert len(sent) == 2
    assert sent[1].count("INSERT") == 3
    assert sent[1].endswith("COMMIT")
