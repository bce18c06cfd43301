"""The jobs that a dispatcher holds: one that fails, rests or is claimed again harms no other."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from service.jobs import commands as use_cases
from service.orchestration import step
from service.orchestration.messages import Assignment
from service.orchestration.run import Run
from service.states import JobState, TrialState
from service.storage import jobs, trials
from service.storage.database import Database
from tests.support.pretended_cluster import (
    PretendedCluster,
    job_of,
    submit,
    turn_until_ended,
)
from workers import held_jobs
from workers.dispatcher import Dispatcher

PATIENCE_S = 60.0


def test_a_job_with_a_bug_fails_alone_and_leaves_nothing_open(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = submit(sqlite_database)
    dispatcher.turn()
    assert len(cluster.hand) == 2
    take = step.take

    def fails(session: Session, run: Run, *args: Any, **settings: Any) -> list[Assignment]:
        if run.job.id == broken:
            raise ZeroDivisionError("a bug")
        return take(session, run, *args, **settings)

    monkeypatch.setattr(step, "take", fails)
    twin = submit(sqlite_database)  # waits for the very trainings of the broken job
    for assignment in cluster.in_hand().values():
        cluster.finish(assignment)
    assert turn_until_ended(dispatcher, cluster, sqlite_database, twin).state is JobState.SUCCEEDED
    failed = job_of(sqlite_database, broken)
    assert (failed.state, failed.error) == (
        JobState.FAILED,
        {"title": "ZeroDivisionError", "detail": "a bug"},
    )
    with sqlite_database.read() as session:
        states = {trial.state for trial in trials.of_job(session, broken)}
    assert states == {TrialState.CANCELLED}
    assert not dispatcher.held.has_news  # it rests


def test_a_job_that_cannot_be_opened_fails_alone(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = submit(sqlite_database)

    def no_such_option(*_: object) -> None:
        raise ValueError("option a of random: there is none")

    with monkeypatch.context() as patch:
        patch.setattr("service.samplers.create", no_such_option)
        dispatcher.turn()
    assert job_of(sqlite_database, broken).state is JobState.FAILED
    assert not dispatcher.held.has_news
    other = submit(sqlite_database)
    assert (
        turn_until_ended(dispatcher, cluster, sqlite_database, other).state is JobState.SUCCEEDED
    )


def test_a_job_cancelled_while_its_bug_shows_stays_cancelled(
    sqlite_database: Database, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(sqlite_database)

    def fails(*_: object, **__: object) -> None:
        use_cases.cancel(sqlite_database, job_id)
        raise ZeroDivisionError

    # The bug shows before the step's transaction, so that the user's can come first.
    monkeypatch.setattr(step, "prepare", fails)
    dispatcher.turn()
    assert job_of(sqlite_database, job_id).state is JobState.CANCELLED


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (OperationalError("UPDATE", {}, Exception("no space")), JobState.RUNNING),
        (PoolTimeoutError("no connection was free"), JobState.RUNNING),
        (IntegrityError("INSERT", {}, Exception("twice")), JobState.FAILED),
    ],
)
def test_an_outage_delays_a_job_and_refused_content_fails_it(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    state: JobState,
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn()
    cluster.finish(next(iter(cluster.hand.values())))

    def refused(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(step, "take", refused)
        if state is JobState.RUNNING:
            with pytest.raises(type(error)):
                dispatcher.turn()
        else:
            dispatcher.turn()
    assert job_of(sqlite_database, job_id).state is state
    if state is JobState.RUNNING:
        turn_until_ended(dispatcher, cluster, sqlite_database, job_id)
        with sqlite_database.read() as session:
            assert [t.n_attempts for t in trials.of_job(session, job_id)] == [1] * 4


def test_a_job_whose_rows_cannot_be_read_does_not_hold_the_others_up(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken, other = submit(sqlite_database), submit(sqlite_database)
    original: Any = step.open_run

    def malformed(*args: Any, **named: Any) -> object:
        if args[1].id == broken:
            raise DatabaseError("SELECT", {}, Exception("database disk image is malformed"))
        return original(*args, **named)

    monkeypatch.setattr(step, "open_run", malformed)
    deadline = time.monotonic() + PATIENCE_S
    while job_of(sqlite_database, other).state is not JobState.SUCCEEDED:
        assert time.monotonic() < deadline
        with suppress(DatabaseError):
            dispatcher.turn()
        for assignment in list(cluster.hand.values()):
            cluster.finish(assignment)
    assert job_of(sqlite_database, broken).state is not JobState.FAILED


@pytest.mark.parametrize("at", ["open_run", "take"])
def test_a_job_that_memory_does_not_suffice_for_waits_and_the_others_go_on(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
) -> None:
    large = submit(sqlite_database)
    original: Any = getattr(step, at)

    def short(*args: Any, **named: Any) -> object:
        job = args[1].job if at == "take" else args[1]
        if job.id == large:
            raise MemoryError
        return original(*args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(step, at, short)
        patch.setattr(held_jobs, "MEMORY_REST_S", 0.0)
        dispatcher.turn()
        other = submit(sqlite_database, seed=2)
        ended = turn_until_ended(dispatcher, cluster, sqlite_database, other)
    assert ended.state is JobState.SUCCEEDED
    assert not job_of(sqlite_database, large).state.is_final
    ended = turn_until_ended(dispatcher, cluster, sqlite_database, large)
    assert ended.state is JobState.SUCCEEDED


def test_a_job_claimed_again_lets_go_of_its_old_asks_and_keeps_its_workers(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn()
    held, dropped = set(cluster.hand), list[int]()
    with sqlite_database.write() as session:
        job = jobs.get(session, job_id)
        jobs.renew(session, str(job.lease_owner), job.created_at)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("it is away"))

    monkeypatch.setattr(dispatcher.asking, "drop", dropped.append)
    with monkeypatch.context() as patch:
        patch.setattr(step, "open_run", away)
        with pytest.raises(OperationalError):
            dispatcher.turn()
    assert dropped == [job_id]
    for _ in range(3):
        dispatcher.turn()
    assert (set(cluster.hand), cluster.cancelled) == (held, set())
    assert job_of(sqlite_database, job_id).lease_fence == job.lease_fence + 1
