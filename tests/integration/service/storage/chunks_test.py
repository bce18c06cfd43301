"""Long changes in many short transactions."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.storage import chunks, jobs
from service.storage.chunks import LARGEST_SIZE, SMALLEST_SIZE, Chunks, next_size
from service.storage.database import Database
from service.storage.tables import JobRow
from tests.support.jobs import function_job, submit


def test_chunks_stop_after_the_one_that_is_running(sqlite_database: Database) -> None:
    stop, sizes = threading.Event(), list[int]()
    chunks = Chunks(sqlite_database, stop)

    def work(_session: Session, size: int) -> int:
        sizes.append(size)
        if len(sizes) == 3:
            stop.set()
        return size

    assert chunks.repeat(work) == sum(sizes)
    assert len(sizes) == 3
    assert chunks.is_stopped


def test_each_chunk_is_a_transaction_of_its_own(sqlite_database: Database) -> None:
    job_id = submit(sqlite_database, function_job())
    names = iter(["first", "second"])

    def work(session: Session, _size: int) -> int:
        name = next(names, None)
        if name is None:
            raise InterruptedError
        session.execute(update(JobRow).where(JobRow.id == job_id).values(name=name))
        return 1

    with pytest.raises(InterruptedError):
        Chunks(sqlite_database).repeat(work)
    with sqlite_database.read() as session:
        assert jobs.get(session, job_id).name == "second"


@pytest.mark.parametrize(
    ("size", "took_s", "expected"),
    [(100, 0.1, 100), (500, 0.5, 100), (100, 0.0, 200), (99, 60.0, 50), (20_000, 0.001, 20_000)],
)
def test_the_size_of_a_chunk_follows_its_time(size: int, took_s: float, expected: int) -> None:
    assert next_size(size, took_s) == expected


@pytest.mark.parametrize("took_s", [0.0, 1e-9, 0.1, 3600.0])
def test_a_chunk_never_shrinks_to_nothing_nor_grows_without_limit(took_s: float) -> None:
    for size in (1, SMALLEST_SIZE, LARGEST_SIZE, 10 * LARGEST_SIZE):
        assert SMALLEST_SIZE <= next_size(size, took_s) <= LARGEST_SIZE


ENDLESS = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    " SELECT count(*) FROM n"
)


def test_a_chunk_without_end_is_given_up(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "LIMIT_S", 0.5)

    def work(session: Session, _size: int) -> int:
        session.execute(ENDLESS)
        return 1

    with pytest.raises(OperationalError, match="interrupted"):
        Chunks(sqlite_database).repeat(work)
