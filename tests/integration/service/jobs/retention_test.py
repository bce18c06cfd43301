"""Pruning old jobs: what is removed, that no result is, and that it can be killed and repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.jobs import commands as use_cases
from service.jobs import reopen, retention
from service.states import CalibrationState, JobState
from service.storage import calibrations, events, jobs, trials
from service.storage import retention as stored
from service.storage.chunks import Chunks
from service.storage.database import Database
from service.storage.retention import Pruned
from service.storage.tables import IdempotencyKeyRow
from service.validation import parse
from tests.support.jobs import SMALL, function_job, run_whole
from tests.support.pruned_jobs import later, left, run_measured
from tests.support.reopened import go_on
from tests.support.simulation import counted_trials, report_of


class Killed(Chunks):
    """A process that dies after so many chunks, of two rows each."""

    def __init__(self, database: Database, n_chunks: int) -> None:
        super().__init__(database)
        self.n_left = n_chunks

    def repeat(
        self, work: Callable[[Session, int], int], *, follows_references: bool = True
    ) -> int:
        assert follows_references
        total = 0
        while True:
            if self.n_left == 0:
                raise InterruptedError
            self.n_left -= 1
            with self.database.write() as session:
                n = work(session, 2)
            total += n
            if not n:
                return total


def everything(database: Database, job_id: int) -> tuple[Any, ...]:
    with database.read() as session:
        return (
            jobs.get(session, job_id),
            trials.of_job(session, job_id),
            counted_trials(database, job_id),
        )


def test_what_is_no_result_goes_and_the_last_word_stays(database: Database) -> None:
    job_id = run_measured(database, SMALL, key="k")
    before, had = everything(database, job_id), left(database)
    with database.read() as session:
        counted = stored.count(session, later())
    assert left(database) == had  # counting removes nothing
    removed = retention.prune(Chunks(database), later())
    assert removed == counted == Pruned(had.events - 1, had.measurements, 1, had.calibrations)
    assert had.measurements > 0
    assert everything(database, job_id) == before
    with database.read() as session:
        (last,) = events.after(session, job_id, 0, 10)
        assert (last.kind, last.data) == ("job", {"state": "SUCCEEDED"})
        assert stored.prunable(session, later()) == []
    assert retention.prune(Chunks(database), later()) == Pruned(0, 0, 0, 0)


def test_young_and_unfinished_jobs_are_not_touched(database: Database) -> None:
    run_measured(database, SMALL, key="young")
    use_cases.submit(database, parse.parse(function_job()), "open")
    had = left(database)
    assert retention.prune(Chunks(database), later(-1.0)) == Pruned(0, 0, 0, 0)
    assert left(database) == had
    assert retention.prune(Chunks(database), later()).idempotency_keys == 1
    with database.read() as session:
        assert session.scalars(select(IdempotencyKeyRow.key)).all() == ["open"]


@pytest.mark.parametrize("state", CalibrationState)
def test_costs_are_forgotten_once_nobody_waits_for_them(
    database: Database, state: CalibrationState
) -> None:
    is_over = state in {CalibrationState.DONE, CalibrationState.FAILED}
    with database.write() as session:
        for key, age in (("old", 9), ("young", 1)):
            calibrations.put(
                session,
                key,
                calibrations.MEASURED,
                state=state,
                device="cpu",
                cpus=1.0,
                gpus=0.0,
                widths=[1],
                created_at=later(-age),
                measured_at=later(-age) if is_over else None,
            )
    with database.read() as session:
        assert stored.count(session, later(-5)).calibrations == is_over
    assert retention.prune(Chunks(database), later(-5)).calibrations == is_over
    with database.read() as session:
        kept = calibrations.find(session, ["old", "young"])
    assert [found.key for found in kept] == (["young"] if is_over else ["old", "young"])


def test_a_job_that_goes_on_is_left_alone_and_ends_as_it_would_have(database: Database) -> None:
    job_id = run_measured(database, SMALL)
    retention.prune(Chunks(database), later())
    reopen.extend(database, job_id, 5)
    had = left(database)
    assert retention.prune(Chunks(database), later()) == Pruned(0, 0, 0, 0)
    assert left(database) == had
    go_on(database)
    extended = counted_trials(database, job_id), report_of(database, job_id)["verdict"]
    with database.write() as session:
        trials.change(
            session,
            [{"id": t.id, "digest": f"gone-{t.id}"} for t in trials.of_job(session, job_id)],
        )
    whole = run_whole(database, SMALL | {"budget": {"n_trials": 5}})
    assert extended == (counted_trials(database, whole), report_of(database, whole)["verdict"])


def test_pruning_that_dies_anywhere_is_finished_by_the_next(database: Database) -> None:
    job_id = run_measured(database, SMALL, key="k")
    before = everything(database, job_id)
    for n_chunks in count(1):
        try:
            retention.prune(Killed(database, n_chunks), later())
        except InterruptedError:
            assert everything(database, job_id) == before
        else:
            break
    assert n_chunks > 10
    assert left(database) == Pruned(1, 0, 0, 0)
    assert everything(database, job_id) == before


def test_a_job_reopened_meanwhile_keeps_the_rest(sqlite_database: Database) -> None:
    job_id = run_measured(sqlite_database, SMALL)
    had = left(sqlite_database)

    class Reopening(Chunks):
        def repeat(self, work: Any, *, follows_references: bool = True) -> int:  # noqa: ANN401 - as its parent's
            with sqlite_database.read() as session:
                state = jobs.get(session, job_id).state
            if state is JobState.SUCCEEDED:
                reopen.extend(sqlite_database, job_id, 5)
            return super().repeat(work, follows_references=follows_references)

    retention.prune(Reopening(sqlite_database), later())
    now = left(sqlite_database)
    assert (now.events, now.measurements) == (had.events + 1, had.measurements)


@pytest.mark.parametrize(
    "text", ["", "30", "d", "-1d", "0d", "1m", "1.5.d", "1e3d", "999999w", "nan"]
)
def test_nonsense_is_no_age(text: str) -> None:
    with pytest.raises(retention.InvalidAgeError, match="12h, 30d or 8w"):
        retention.age_of(text)


@pytest.mark.parametrize(
    ("text", "hours"), [("12h", 12), ("30d", 720), ("8w", 1344), ("1.5D", 36), (" 1h ", 1)]
)
def test_ages_are_read(text: str, hours: float) -> None:
    assert retention.age_of(text) == timedelta(hours=hours)
