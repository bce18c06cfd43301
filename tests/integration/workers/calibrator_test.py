"""Measurements between trials: taken, kept, neither starved nor starving."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from service.costs import calibrations
from service.costs.training_cost import TrainingCost, typical_payload
from service.jobs import commands as use_cases
from service.jobs import leases
from service.orchestration import step
from service.records import Calibration
from service.settings import Settings
from service.states import CalibrationState, JobState
from service.storage import calibrations as stored
from service.storage import jobs, trials
from service.storage.database import Database
from service.validation import parse
from tests.support import resolved_jobs
from tests.support.pretended_cluster import (
    PretendedCluster,
    submit,
    turn_until_ended,
)
from workers.deaths import DIED
from workers.dispatcher import Dispatcher

TRAINING: dict[str, Any] = {
    "name": "digits",
    "task": {"kind": "classification"},
    "density": {"bounds": [[0.0, 2.0]]},
    "samplers": ["random"],
    "budget": {"n_trials": 6},
    "evaluation": {"n_seeds": 0},
}
MEASURED: dict[str, Any] = {
    "load_s": 0.25, "start_s": 0.5, "epoch_s": [0.9, 1.0, 1.2], "final_s": 0.1, "test_s": 0.3,
    "device": "cpu", "peak_memory_bytes": 10**8,
    "pack_epoch_s": {1: 1.0, 4: 0.5, 8: 0.6}, "pack_width": 4,
}  # fmt: skip


@pytest.fixture
def dispatcher(database: Database, tmp_path: Path, cluster: PretendedCluster) -> Dispatcher:
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    return Dispatcher(settings, database, cluster)


def ask(database: Database, **training: Any) -> Calibration:
    job = resolved_jobs.training(TRAINING | {"training": training})
    found = calibrations.ask(database, job.spec, typical_payload(job, is_full=False), (1,))
    assert found is not None
    return found


def turn(dispatcher: Dispatcher) -> None:
    dispatcher.turn(looks=True)


def test_what_is_asked_for_is_measured_once_and_kept(
    database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    assert ask(database).state is CalibrationState.WAITING
    turn(dispatcher)
    assert ask(database, epochs=99, lr=0.001).state is CalibrationState.RUNNING
    assert cluster.measuring is not None
    assert cluster.measuring.payload is not None
    cluster.result = MEASURED
    turn(dispatcher)
    found = ask(database)
    assert found.state is CalibrationState.DONE
    cost = calibrations.cost_in(found)
    assert (cost.epoch_s, cost.pack_epoch_s[4], cost.load_s) == ((0.9, 1.0, 1.2), 0.5, 0.25)
    assert ask(database, batch_size=7).state is CalibrationState.WAITING  # another cost


def test_a_measurement_that_fails_says_why(
    database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    ask(database)
    turn(dispatcher)
    cluster.result = "RuntimeError: no memory"
    turn(dispatcher)
    found = ask(database)
    assert (found.state, found.error) == (CalibrationState.FAILED, "RuntimeError: no memory")


def test_one_that_fits_no_worker_waits_for_one_and_lets_others_go_first(
    database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    wide = parse.parse(TRAINING | {"resources": {"cpus_per_trial": 3, "pack_width": "auto"}})
    job_id = use_cases.submit(database, wide)[0].id
    turn(dispatcher)
    turn(dispatcher)
    with database.read() as session:
        assert jobs.get(session, job_id).waits_for == "a trial needs 3 CPUs"
    ask(database)
    turn(dispatcher)
    assert cluster.measuring is not None
    assert cluster.measuring.cpus == 1.0
    cluster.result = MEASURED
    cluster.n_cpus = 3.0
    turn(dispatcher)
    turn(dispatcher)
    assert cluster.measuring.cpus == 3.0
    cluster.result = MEASURED
    turn_until_ended(dispatcher, cluster, database, job_id)


@pytest.mark.parametrize("n_deaths", [2, 3])
def test_one_whose_worker_died_is_tried_again(
    database: Database, dispatcher: Dispatcher, cluster: PretendedCluster, n_deaths: int
) -> None:
    ask(database)
    turn(dispatcher)
    for _ in range(n_deaths):
        cluster.result = f"{DIED}: killed"
        turn(dispatcher)
    cluster.result = MEASURED
    turn(dispatcher)
    state = CalibrationState.DONE if n_deaths < 3 else CalibrationState.FAILED
    assert ask(database).state is state


def test_one_whose_worker_died_waits_for_a_place(
    database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    ask(database)
    turn(dispatcher)
    cluster.result, cluster.n_cpus = f"{DIED}: killed", 0.0
    turn(dispatcher)
    turn(dispatcher)
    assert (cluster.measuring, ask(database).state) == (None, CalibrationState.RUNNING)
    cluster.n_cpus = 2.0
    turn(dispatcher)
    assert cluster.measuring is not None
    cluster.result = MEASURED
    turn(dispatcher)
    assert ask(database).state is CalibrationState.DONE


def test_one_that_takes_too_long_is_given_up(
    database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("workers.calibrator.time", SimpleNamespace(monotonic=lambda: now))
    ask(database)
    turn(dispatcher)
    now = 601.0
    turn(dispatcher)
    found = ask(database)
    assert (found.state, found.error) == (CalibrationState.FAILED, "it took more than 600 s")
    assert cluster.measuring is None
    ask(database, batch_size=7)
    turn(dispatcher)
    assert cluster.measuring is not None


def test_any_error_can_be_stored(
    database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    ask(database)
    turn(dispatcher)
    cluster.result = "OSError: a\0name\udcff"
    turn(dispatcher)
    assert ask(database).error == "OSError: a?name?"


def test_a_width_is_looked_for_when_something_was_measured(
    database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thousand jobs that wait for their widths must not keep the database busy."""
    spec = parse.parse(TRAINING | {"resources": {"pack_width": "auto"}})
    job_id = use_cases.submit(database, spec)[0].id
    for _ in range(3):
        turn(dispatcher)
    with monkeypatch.context() as patched:
        patched.setattr(step, "take", None)
        for _ in range(3):
            turn(dispatcher)
    found = cluster.measuring
    assert found is not None
    other = leases.register(database, 1, {"cpus": 1.0, "gpus": 0.0})
    with database.write() as session:  # the lease was lost, and another dispatcher was faster
        stored.change(session, found.id, dispatcher.me.id, lease_owner=other.id)
    cost = TrainingCost(0.5, (0.9, 1.0, 1.2), 0.1, n=0, pack_width=2)
    calibrations.settle(database, found.id, other, cost)
    turn(dispatcher)
    turn(dispatcher)
    with database.read() as session:
        assert jobs.get(session, job_id).spec["resources"]["pack_width"] == 2


def test_a_paused_job_asks_for_no_width(
    database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    spec = parse.parse(TRAINING | {"resources": {"pack_width": "auto"}})
    job_id = use_cases.submit(database, spec)[0].id
    turn(dispatcher)
    use_cases.pause(database, job_id)
    turn(dispatcher)
    turn(dispatcher)
    assert not dispatcher.held.runs[job_id].needs.is_unsized
    use_cases.resume(database, job_id)
    turn(dispatcher)
    turn(dispatcher)
    with database.read() as session:
        assert "being measured" in str(jobs.get(session, job_id).waits_for)
    cluster.result = MEASURED
    assert turn_until_ended(dispatcher, cluster, database, job_id).state is JobState.SUCCEEDED


def test_jobs_neither_starve_a_measurement_nor_are_starved(
    database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0

    def n_measuring() -> int:
        return int(cluster.measuring is not None)

    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr("workers.calibrator.time", clock)
    submit(database, budget={"n_trials": 60})
    turn(dispatcher)
    assert len(cluster.hand) == 2
    ask(database)
    ask(database, batch_size=7)
    turn(dispatcher)
    assert n_measuring() == 0
    cluster.finish(next(iter(cluster.hand.values())))
    turn(dispatcher)  # the place that came free goes to the measurement, not to a trial
    assert n_measuring() == 1
    assert len(cluster.hand) == 1
    now = 10.0
    cluster.result = MEASURED
    turn(dispatcher)
    turn(dispatcher)
    assert n_measuring() == 0  # trials wait: the next one is put off for as long
    assert len(cluster.hand) == 2
    now = 21.0
    cluster.finish(next(iter(cluster.hand.values())))
    turn(dispatcher)
    turn(dispatcher)
    assert n_measuring() == 1


def test_a_lost_dispatchers_measurement_is_taken_by_another(
    database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    asked = ask(database)
    gone = leases.register(database, 1, {"cpus": 1.0, "gpus": 0.0})
    assert calibrations.take(database, asked, gone, lease_s=-1.0)
    turn(dispatcher)
    assert cluster.measuring is not None
    calibrations.settle(database, asked.id, gone, "too late")  # it has lost it
    assert ask(database).state is CalibrationState.RUNNING
    leases.resign(database, dispatcher.me)
    assert ask(database).state is CalibrationState.WAITING


def test_auto_packs_wait_for_their_width_and_keep_it(
    database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    spec = parse.parse(TRAINING | {"resources": {"pack_width": "auto"}})
    job_id = use_cases.submit(database, spec)[0].id
    turn(dispatcher)
    turn(dispatcher)
    with database.read() as session:
        job = jobs.get(session, job_id)
        assert trials.of_job(session, job_id) == []
    assert job.waits_for == "how many candidates a worker trains best at once is being measured"
    assert cluster.measuring is not None
    assert cluster.measuring.widths == [1, 2, 4, 8]
    cluster.result = MEASURED
    job = turn_until_ended(dispatcher, cluster, database, job_id)
    assert job.state is JobState.SUCCEEDED
    assert job.spec["resources"]["pack_width"] == 4
    with database.read() as session:
        assert all(t.payload["packed"] for t in trials.of_job(session, job_id))


def test_a_jobs_own_trainings_tell_better_than_a_few_steps(
    database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    cluster.epoch_s = 3.0
    job_id = use_cases.submit(database, parse.parse(TRAINING))[0].id
    turn_until_ended(dispatcher, cluster, database, job_id)
    found = ask(database, epochs=100)
    cost = calibrations.cost_in(found)
    assert (found.source, cost.n, cost.epoch_s) == ("trials", 6, (3.0, 3.0, 3.0))
