"""SQLite's -wal file after a burst of writes: the dispatcher's heartbeats shrink it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from service.jobs import leases
from service.storage import events
from service.storage.database import Database
from service.storage.tables import EventRow
from tests.support.jobs import function_job, submit

BURST_BYTES, LIMIT_BYTES = 50 * 2**20, 8 * 2**20


def burst(database: Database) -> None:
    job_id = submit(database, function_job())
    for _ in range(BURST_BYTES // 2**20):
        with database.write() as session:
            events.add(session, job_id, "trial", {"text": "x" * 2**20})


def wal_bytes(tmp_path: Path) -> int:
    return (tmp_path / "densearch.sqlite3-wal").stat().st_size


def test_the_wal_shrinks_after_a_burst_of_the_api(
    sqlite_database: Database, tmp_path: Path
) -> None:
    api = Database(str(sqlite_database.url), is_checkpointer=False)
    me = leases.register(sqlite_database, 1, {})
    burst(api)
    assert wal_bytes(tmp_path) > BURST_BYTES
    for _ in range(3):  # the next ones of an idle dispatcher
        leases.heartbeat(sqlite_database, me, 15.0)
    assert wal_bytes(tmp_path) < LIMIT_BYTES
    api.close()


def test_it_shrinks_once_a_reader_lets_it(sqlite_database: Database, tmp_path: Path) -> None:
    me = leases.register(sqlite_database, 1, {})
    with sqlite_database.read() as session:
        session.scalars(select(EventRow.id)).all()  # from here on an old state is held
        burst(sqlite_database)
        for _ in range(3):
            leases.heartbeat(sqlite_database, me, 15.0)
        assert wal_bytes(tmp_path) > BURST_BYTES
    for _ in range(3):
        leases.heartbeat(sqlite_database, me, 15.0)
    assert wal_bytes(tmp_path) < LIMIT_BYTES
