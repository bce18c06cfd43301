"""The dispatcher's loop on a real database, with workers that this process pretends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError, OperationalError
from structlog.testing import capture_logs

from service import jobs as use_cases
from service import rules
from service.records import Calibration, Job
from service.runs import Run
from service.settings import Settings
from service.states import AttemptState, JobState, TrialState
from service.storage import dispatchers, jobs, trials
from service.storage.database import Database
from service.updates import Assignment, Ended, Ending
from tests.integration.service.simulation import trained
from workers.dispatcher import Dispatcher
from workers.pulse import ClusterLostError
from workers.slots import NOTHING, Shape
from workers.worker import Message


class PretendedCluster:
    """Two workers that end a trial when `finish` says so."""

    def __init__(self) -> None:
        self.n_cpus = 2.0
        self.lost: ClusterLostError | None = None
        self.has_left = False
        self.hand: dict[int, Assignment] = {}
        self.cancelled: set[int] = set()
        self.epoch_s = 0.0
        self.measuring: Calibration | None = None
        self.result: dict[str, Any] | str | None = None
        self.messages: list[tuple[Assignment, Message]] = []

    def resources(self) -> dict[str, float]:
        return {"cpus": self.n_cpus, "gpus": 0.0}

    def capacity(self, shape: Shape) -> int:
        return int(self.n_cpus // shape.cpus)

    def n_free(self, shape: Shape, held: Shape = NOTHING) -> int:
        n_busy = len({a.pack for a in self.hand.values()}) + (self.measuring is not None)
        return max(0, int((self.n_cpus - held.cpus) // shape.cpus) - n_busy)

    def measure(self, shape: Shape, calibration: Calibration) -> None:
        assert self.n_free(shape) > 0
        assert self.measuring is None
        self.measuring = calibration

    def measured(self) -> tuple[int, dict[str, Any] | str] | None:
        if self.measuring is None or self.result is None:
            return None
        found = self.measuring.id, self.result
        self.measuring = self.result = None
        return found

    def stop_measuring(self) -> None:
        self.measuring = None

    def lack_of(self, shape: Shape) -> str:
        return f"a trial needs {shape.cpus:g} CPUs"

    def share(self) -> None:
        pass

    def check(self) -> None:
        if self.lost is not None:
            raise self.lost

    def abandon(self, error: ClusterLostError) -> Iterator[tuple[Assignment, Message]]:
        for assignment in self.hand.values():
            ids = (assignment.attempt_id, assignment.trial_id)
            yield assignment, (Ended(*ids, Ending.CRASHED, error=str(error)), None)
        self.hand = {}

    def stop(self) -> None:
        self.has_left = True

    def place(self, shape: Shape, pack: Sequence[Assignment]) -> None:
        del shape
        self.hand |= {assignment.attempt_id: assignment for assignment in pack}

    def cancel(self, attempt_ids: set[int]) -> None:
        self.cancelled |= attempt_ids

    def in_hand(self) -> dict[int, Assignment]:
        return dict(self.hand)

    def poll(self, timeout_s: float) -> Iterator[tuple[Assignment, Message]]:
        del timeout_s
        for assignment, message in self.messages:
            del self.hand[assignment.attempt_id]
            yield assignment, message
        self.messages = []

    def finish(self, assignment: Assignment) -> None:
        ended = trained(assignment)
        ended = replace(ended, training_s=self.epoch_s * len(ended.curve))
        self.messages.append((assignment, (ended, None)))


@pytest.fixture
def cluster() -> PretendedCluster:
    return PretendedCluster()


@pytest.fixture
def dispatcher(sqlite_database: Database, tmp_path: Path, cluster: PretendedCluster) -> Dispatcher:
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    return Dispatcher(settings, sqlite_database, cluster)  # type: ignore[arg-type]


def submit(database: Database, **changes: object) -> int:
    body = {
        "name": "sphere",
        "task": {"kind": "function", "name": "sphere", "dimension": 2},
        "samplers": ["random"],
        "budget": {"n_trials": 4},
    } | changes
    return use_cases.submit(database, rules.parse(body))[0].id


def job_of(database: Database, job_id: int) -> Job:
    with database.read() as session:
        return jobs.get(session, job_id)


def turn_until_ended(
    dispatcher: Dispatcher, cluster: PretendedCluster, database: Database, job_id: int
) -> Job:
    for _ in range(200):
        dispatcher._turn()
        for assignment in cluster.in_hand().values():
            cluster.finish(assignment)
        if (job := job_of(database, job_id)).state.is_final:
            return job
    raise AssertionError("the job did not end")


def test_workers_that_join_are_counted(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    dispatcher._turn()
    cluster.n_cpus = 6.0
    dispatcher._counted_at = 0.0
    dispatcher._turn()
    assert dispatcher._heartbeat.beat()
    with sqlite_database.read() as session:
        (me,) = dispatchers.alive(session, 60.0)
    assert (me.n_workers, me.resources["cpus"]) == (6, 6.0)


def test_a_lost_cluster_ends_the_dispatcher_and_frees_its_jobs(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster, tmp_path: Path
) -> None:
    job_id = submit(sqlite_database)
    dispatcher._turn()
    assert job_of(sqlite_database, job_id).lease_owner is not None
    cluster.lost = ClusterLostError("its raylet process ended")
    with pytest.raises(ClusterLostError):
        dispatcher.run()
    job = job_of(sqlite_database, job_id)
    assert job.lease_owner is None
    assert "the Ray cluster has no workers" in str(job.waits_for)
    assert not cluster.has_left  # leaving a dead cluster may block for ever
    with sqlite_database.read() as session:
        states = [a.state for t in trials.of_job(session, job_id)
                  for a in trials.attempts(session, t.id)]  # fmt: skip
        counts = [t.error["n_died"] for t in trials.of_job(session, job_id) if t.error]
    assert states == [AttemptState.LOST] * 2
    assert counts == [1, 1]
    cluster.lost = None
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    following = Dispatcher(settings, sqlite_database, cluster)  # type: ignore[arg-type]
    following._turn()
    assert job_of(sqlite_database, job_id).waits_for is None
    assert len(cluster.hand) == 2


def test_a_job_with_a_bug_fails_alone_and_leaves_nothing_open(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = submit(sqlite_database)
    dispatcher._turn()
    assert len(cluster.hand) == 2
    step = Run.step

    def fails(run: Run, *args: object, **settings: object) -> list[Assignment]:
        if run.job.id == broken:
            raise ZeroDivisionError("a bug")
        return step(run, *args, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(Run, "step", fails)
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
    assert dispatcher._timeout_s() > 0  # it rests


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
        dispatcher._turn()
    assert job_of(sqlite_database, broken).state is JobState.FAILED
    assert dispatcher._timeout_s() > 0
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

    # The bug shows after the step's transaction, so that the user's can come first.
    monkeypatch.setattr(Dispatcher, "_transact", fails)
    dispatcher._turn()
    assert job_of(sqlite_database, job_id).state is JobState.CANCELLED


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (OperationalError("UPDATE", {}, Exception("no space")), JobState.RUNNING),
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
    dispatcher._turn()
    cluster.finish(next(iter(cluster.hand.values())))

    def refused(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Run, "step", refused)
        if state is JobState.RUNNING:
            with pytest.raises(OperationalError):
                dispatcher._turn()
        else:
            dispatcher._turn()
    assert job_of(sqlite_database, job_id).state is state
    if state is JobState.RUNNING:
        turn_until_ended(dispatcher, cluster, sqlite_database, job_id)
        with sqlite_database.read() as session:
            assert [t.n_attempts for t in trials.of_job(session, job_id)] == [1] * 4


def test_a_database_that_takes_no_writes_is_said_once_and_waited_for(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.dispatcher.RETRY_S", 0.0)
    job_id = submit(sqlite_database)
    event.listen(sqlite_database.engine, "begin", _forbid_writes)
    with capture_logs() as lines:
        for _ in range(3):
            dispatcher._try_turn()
        event.remove(sqlite_database.engine, "begin", _forbid_writes)
        event.listen(sqlite_database.engine, "begin", _allow_writes)
        dispatcher._try_turn()
    told = [(line["log_level"], line["event"]) for line in lines if line["event"] != "job taken"]
    assert told == [
        ("error", "the database refused; trying again"),
        ("info", "database and disk work again"),
    ]
    assert lines[0]["reason"].startswith("it takes no writes")
    turn_until_ended(dispatcher, cluster, sqlite_database, job_id)


def _forbid_writes(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA query_only=ON")


def _allow_writes(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA query_only=OFF")


def test_a_dispatcher_that_slept_past_its_own_lease_keeps_its_workers(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    job_id = submit(sqlite_database)
    dispatcher._turn()
    held = set(cluster.hand)
    with sqlite_database.write() as session:  # the machine was suspended: nobody took the job
        job = jobs.get(session, job_id)
        jobs.renew(session, str(job.lease_owner), job.created_at)
    dispatcher._turn()
    assert job_of(sqlite_database, job_id).lease_fence == job.lease_fence + 1
    assert set(cluster.hand) == held
    turn_until_ended(dispatcher, cluster, sqlite_database, job_id)
    with sqlite_database.read() as session:
        found = [a for t in trials.of_job(session, job_id) for a in trials.attempts(session, t.id)]
    assert {a.state for a in found} == {AttemptState.COMPLETED}
    assert len(found) == 4


def test_a_paused_job_costs_no_transaction(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job_id = submit(sqlite_database)
    dispatcher._turn()
    use_cases.pause(sqlite_database, job_id)
    for assignment in cluster.in_hand().values():
        cluster.finish(assignment)
    for _ in range(3):
        dispatcher._turn()
    monkeypatch.setattr(Run, "step", None)
    for _ in range(3):
        dispatcher._turn()
    monkeypatch.undo()
    use_cases.resume(sqlite_database, job_id)
    turn_until_ended(dispatcher, cluster, sqlite_database, job_id)


def test_late_weights_are_not_kept(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    job_id = submit(sqlite_database)
    dispatcher._turn()
    use_cases.cancel(sqlite_database, job_id)
    dispatcher._turn()
    assert cluster.cancelled == set(cluster.hand)
    for assignment in cluster.in_hand().values():
        ended = Ended(assignment.attempt_id, assignment.trial_id, Ending.COMPLETED, value=1.0)
        cluster.messages.append((assignment, (ended, b"weights")))
    dispatcher._turn()
    assert dispatcher._inbox._weights == {}
    with sqlite_database.read() as session:
        found = [a for t in trials.of_job(session, job_id) for a in trials.attempts(session, t.id)]
    assert [a.is_late for a in found] == [True, True]


def test_idle_workers_run_ahead_unless_another_job_waits(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    direct = {"name": "a", "task": {"kind": "function", "name": "branin", "dimension": 2},
              "samplers": ["direct_l"], "budget": {"n_trials": 40}}  # fmt: skip
    first = use_cases.submit(sqlite_database, rules.parse(direct))[0].id
    cluster.n_cpus = 8.0
    dispatcher._turn()

    def guesses() -> int:
        with sqlite_database.read() as session:
            return sum(t.certainty != "certain" for t in trials.of_job(session, first))

    assert guesses() == 3  # beside the five that are certain
    other = {"name": "b", "task": {"kind": "function", "name": "sphere", "dimension": 2},
             "samplers": ["random"], "budget": {"n_trials": 90}}  # fmt: skip
    second = use_cases.submit(sqlite_database, rules.parse(other))[0].id
    dispatcher._look()
    n_before = guesses()
    for _ in range(5):  # while the other job has trials that count, none is run ahead
        cluster.finish(next(a for a in cluster.in_hand().values()))
        dispatcher._turn()
    assert guesses() == n_before
    use_cases.cancel(sqlite_database, second)
    turn_until_ended(dispatcher, cluster, sqlite_database, first)
    assert guesses() > n_before


def test_what_was_run_ahead_is_given_up_with_the_search(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    cluster.n_cpus = 16.0
    spec = {"name": "a", "task": {"kind": "function", "name": "branin", "dimension": 2},
            "samplers": ["direct_l", "random"], "budget": {"n_trials": 9}}  # fmt: skip
    job_id = use_cases.submit(sqlite_database, rules.parse(spec))[0].id
    dispatcher._turn()
    for _ in range(100):
        if job_of(sqlite_database, job_id).state.is_final:
            break
        with sqlite_database.read() as session:
            found = {t.id: t for t in trials.of_job(session, job_id)}
        hand = list(cluster.in_hand().values())
        certain = [a for a in hand if found[a.trial_id].certainty == "certain"]
        cluster.finish((certain or hand)[0])
        dispatcher._turn()
    with sqlite_database.read() as session:
        ahead = [t for t in trials.of_job(session, job_id) if t.certainty != "certain"]
    given_up = [t for t in ahead if t.state is TrialState.CANCELLED]
    assert given_up
    assert cluster.cancelled
