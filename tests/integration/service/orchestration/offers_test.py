"""Trainers outside: the result does not depend on who dies, nor on when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from service import clock
from service.jobs import asks, commands, leases, trainers
from service.jobs.asks import ClaimedTrial
from service.orchestration import step
from service.orchestration.messages import Assignment
from service.orchestration.run import Run
from service.settings import Settings
from service.states import AttemptState, JobState, MessageKind, TrialState
from service.storage import trials
from service.storage.database import Database
from service.storage.trainer_tables import OfferRow, TrainerMessageRow
from tests.support.external_jobs import claim, end, found_in, job_of, run, submit, train, value_of
from tests.support.pretended_cluster import PretendedCluster
from workers import held_jobs
from workers.dispatcher import Dispatcher


@pytest.fixture
def dispatcher(sqlite_database: Database, tmp_path: Path) -> Dispatcher:
    return another(sqlite_database, tmp_path)


class Clock(Protocol):
    def __call__(self, seconds: float) -> None: ...


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Set the clock of the server ahead by so many seconds."""

    def ahead_by(seconds: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(seconds=seconds))

    return ahead_by


def another(database: Database, tmp_path: Path) -> Dispatcher:
    """Start a dispatcher in place of one that was killed."""
    leases.release_dead(database)
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    return Dispatcher(settings, database, PretendedCluster())


def attempts_at(database: Database, trial_id: int) -> list[AttemptState]:
    with database.read() as session:
        return [attempt.state for attempt in trials.attempts(session, trial_id)]


def test_the_same_trials_are_found_however_they_are_disturbed(
    sqlite_database: Database, dispatcher: Dispatcher, tmp_path: Path, ahead: Clock
) -> None:
    quiet = submit(sqlite_database)
    assert run(sqlite_database, dispatcher, quiet).state is JobState.SUCCEEDED
    expected = found_in(sqlite_database, quiet)
    assert {state for _, _, _, state, *_ in expected} == {"COMPLETED", "PRUNED"}
    late: list[ClaimedTrial] = []
    now = 0.0

    def disturb(n: int, one: ClaimedTrial) -> bool:
        nonlocal dispatcher, now
        database, job_id = sqlite_database, one.trial.job_id
        if n % 7 == 1:  # claimed and never heard of: its lease ends, and its value comes late
            train(database, one, 2)
            now += 31.0
            ahead(now)
            late.append(one)
        elif n % 7 == 3:  # given back
            assert trainers.release(database, one.trial.id, one.token) == "taken"
        elif n % 7 == 5:  # the dispatcher is killed between the claim and its next step
            dispatcher = another(database, tmp_path)
            dispatcher.turn(looks=True)
            train(database, one)
            end(database, one)
            dispatcher = another(database, tmp_path)  # and before it has heard of the value
        else:
            return False
        dispatcher.turn(looks=True)
        assert job_of(database, job_id).state is not JobState.FAILED
        return True

    loud = submit(sqlite_database)
    done = None
    for turn in range(600):
        dispatcher.turn(looks=True)
        for one in claim(sqlite_database, loud, 2, f"key of the other ask {turn}"):
            if not disturb(turn, one):
                train(sqlite_database, one)
                end(sqlite_database, one)
        if (done := job_of(sqlite_database, loud)).state.is_final:
            break
    assert done is not None
    assert done.state is JobState.SUCCEEDED
    assert found_in(sqlite_database, loud) == expected
    assert late
    assert end(sqlite_database, late[0], value=0.99) == "late"
    with sqlite_database.read() as session:
        own = [a for a in trials.attempts(session, late[0].trial.id) if a.is_late]
    assert [(a.state, a.value) for a in own] == [(AttemptState.LOST, -0.99)]
    assert found_in(sqlite_database, loud) == expected


def test_what_was_claimed_outlives_the_dispatcher(
    sqlite_database: Database, dispatcher: Dispatcher, tmp_path: Path, ahead: Clock
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn(looks=True)
    (one,) = claim(sqlite_database, job_id)
    ahead(1000.0)  # while nobody served it, its lease ended
    dispatcher = another(sqlite_database, tmp_path)
    dispatcher.turn(looks=True)
    assert attempts_at(sqlite_database, one.trial.id) == [AttemptState.RUNNING]
    assert end(sqlite_database, one) == "taken"
    dispatcher.turn(looks=True)
    assert attempts_at(sqlite_database, one.trial.id) == [AttemptState.COMPLETED]


def test_a_claim_that_comes_while_its_trial_is_dropped_is_given_up(
    sqlite_database: Database, dispatcher: Dispatcher
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn(looks=True)
    (one,) = claim(sqlite_database, job_id)
    run_ = dispatcher.held.runs[job_id]
    run_.log.set_state(one.trial.id, TrialState.CANCELLED)  # as a search that has ended does
    dispatcher.turn(looks=True)
    with sqlite_database.read() as session:
        assert trials.get(session, one.trial.id).state is TrialState.CANCELLED
    assert attempts_at(sqlite_database, one.trial.id) == [AttemptState.CANCELLED]
    assert trainers.heartbeat(sqlite_database, one.trial.id, one.token).stop == "given_up"
    assert end(sqlite_database, one) == "late"


@pytest.mark.parametrize("change", ["pause", "cancel"])
def test_a_job_that_stops_withdraws_its_offers(
    sqlite_database: Database, dispatcher: Dispatcher, change: str
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn(looks=True)
    (one,) = claim(sqlite_database, job_id)
    getattr(commands, change)(sqlite_database, job_id)
    assert claim(sqlite_database, job_id, key="a key of another ask") == []
    dispatcher.turn(looks=True)
    with sqlite_database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(OfferRow)) == 0
    stop = trainers.report(sqlite_database, one.trial.id, one.token, 1, 0.5, {}).stop
    assert stop == (None if change == "pause" else "given_up")
    assert end(sqlite_database, one) == ("taken" if change == "pause" else "late")
    dispatcher.turn(looks=True)
    with sqlite_database.read() as session:
        found = trials.get(session, one.trial.id)
        assert session.scalar(sa.select(sa.func.count()).select_from(TrainerMessageRow)) == 0
    expected = TrialState.COMPLETED if change == "pause" else TrialState.CANCELLED
    assert found.state is expected
    if change == "pause":
        commands.resume(sqlite_database, job_id)
        assert run(sqlite_database, dispatcher, job_id).state is JobState.SUCCEEDED


def test_a_failure_is_tried_again_and_counted(
    sqlite_database: Database, dispatcher: Dispatcher
) -> None:
    job_id = submit(sqlite_database, samplers=["random"], controls=[], evaluation={"n_seeds": 0},
                    budget={"n_trials": 1}, pruning=None)  # fmt: skip
    for turn in range(3):
        dispatcher.turn(looks=True)
        (one,) = claim(sqlite_database, job_id, key=f"key of the ask {turn}")
        assert one.trial.n_attempts == turn + 1
        outcome = {"kind": MessageKind.FAILED, "reason": "no GPU", "metrics": {}}
        assert trainers.tell(sqlite_database, one.trial.id, one.token, outcome) == "taken"
    dispatcher.turn(looks=True)
    dispatcher.turn(looks=True)
    job = job_of(sqlite_database, job_id)
    assert job.state is JobState.FAILED
    assert job.error == {"title": "No trial gave a value", "detail": "no GPU"}


def test_trainers_that_wait_get_points_ahead_of_need(
    sqlite_database: Database, dispatcher: Dispatcher
) -> None:
    job_id = submit(sqlite_database, samplers=["direct_l"], controls=[], pruning=None,
                    budget={"n_trials": 40})  # fmt: skip
    dispatcher.turn(looks=True)
    first = claim(sqlite_database, job_id, 20)
    n_sure = len(first)
    asks.wait(sqlite_database, job_id, "idle", 2, 30.0)
    dispatcher.turn(looks=True)
    ahead = claim(sqlite_database, job_id, 20, "a key of another ask")
    assert n_sure > 0
    assert len(ahead) == 2
    with sqlite_database.read() as session:
        assert trials.get(session, ahead[0].trial.id).number is None


def test_waits_for_says_that_no_trainer_has_asked(
    sqlite_database: Database, dispatcher: Dispatcher
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn(looks=True)
    assert "no trainer has asked yet" in str(job_of(sqlite_database, job_id).waits_for)
    (one,) = claim(sqlite_database, job_id)
    dispatcher.turn(looks=True)
    assert job_of(sqlite_database, job_id).waits_for is None
    with sqlite_database.read() as session:
        shown = trials.get(session, one.trial.id)
    assert shown.state is TrialState.RUNNING
    assert value_of(shown) == value_of(one.trial)


def test_a_job_that_waits_for_trainers_takes_no_step_until_one_asks(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    ahead: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(held_jobs, "ALONE_S", 0.0)
    job_id = submit(sqlite_database, samplers=["random"], controls=[])
    dispatcher.turn(looks=True)
    dispatcher.turn(looks=True)
    steps: list[int] = []
    take = step.take

    def counted(session: Session, run: Run, *args: Any, **settings: Any) -> list[Assignment]:
        steps.append(run.job.id)
        return take(session, run, *args, **settings)

    monkeypatch.setattr(step, "take", counted)
    for _ in range(5):
        dispatcher.turn(looks=True)
    assert steps == []
    (one,) = claim(sqlite_database, job_id)
    train(sqlite_database, one)
    end(sqlite_database, one)
    dispatcher.turn(looks=True)
    assert job_of(sqlite_database, job_id).waits_for is None
    ahead(31.0)  # the lease of the last trainer that was heard is over
    dispatcher.turn(looks=True)
    assert "no trainer asks any more" in str(job_of(sqlite_database, job_id).waits_for)
    del steps[:]
    for _ in range(5):
        dispatcher.turn(looks=True)
    assert len(steps) <= 1  # it has no news, except of its own last change
