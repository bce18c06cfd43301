"""Packs, their measured width and estimates on real Ray workers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from densearch.answers import EstimateAnswer
from densearch.client.client import Client
from service.orchestration.messages import packs_of
from service.settings import Settings
from service.storage.database import Database
from tests.support import live_server
from tests.support.killing import kill, kill_worker, named
from tests.support.pretended_cluster import PretendedCluster, job_of
from tests.support.product import PATIENCE_S, Server
from workers.dispatcher import Dispatcher
from workers.worker import Worker

pytestmark = pytest.mark.ray

# One of the learning rates is far too high.
DIGITS: dict[str, Any] = {
    "name": "digits",
    "seed": 5,
    "task": {"kind": "classification"},
    "network": {"kind": "small_cnn", "depth": 1, "width": 8},
    "training": {"batch_size": 64, "epochs": 12, "schedule": "constant"},
    "density": {"bounds": [[0.0, 2.0]]},
    "search": {"lr": {"choices": [0.02, 0.05, 1000.0]}},
    "samplers": [{"name": "random", "batch_size": 6}],
    "controls": ["uniform"],
    "budget": {"n_trials": 6},
    "evaluation": {"n_seeds": 1},
}
AUTO: dict[str, Any] = {
    **DIGITS,
    "search": {},
    "training": {"batch_size": 32, "epochs": 1},
    "resources": {"pack_width": "auto"},
    "samplers": ["random"],
    "budget": {"n_trials": 2},
}


SETTINGS = {"DENSEARCH_N_CPUS": "1", "DENSEARCH_CHECKPOINT_S": "0.02"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("data"), SETTINGS)
    made.start()
    yield made
    made.stop()


def in_packs_of(width: int) -> dict[str, Any]:
    return {**DIGITS, "resources": {"pack_width": width}}


def results_of(client: Client, job_id: int) -> list[tuple[Any, ...]]:
    """What no pack may change, exactly as it was stored."""
    job = client.wait(job_id, timeout_s=PATIENCE_S)
    assert job["state"] == "SUCCEEDED", job
    fields = ("study", "phase", "number", "params", "value", "is_diverged", "curve", "metrics")
    return sorted(
        (
            tuple(dict(trial)[name] for name in fields)
            for trial in client.trials(job_id, phase="all")
        ),
        key=lambda row: (*row[:2], row[2] or 0),
    )


@pytest.fixture
def expected(sqlite_database: Database, tmp_path: Path) -> list[tuple[Any, ...]]:
    """What packs of 8 find that are trained here: they share no result with another server."""
    server, cluster = live_server.Server(sqlite_database, tmp_path), PretendedCluster()
    dispatcher = Dispatcher(Settings(data_dir=tmp_path), sqlite_database, cluster)
    worker = Worker(str(tmp_path))
    server.start()
    with Client(server.url) as client:
        job_id = client.submit(in_packs_of(8))["id"]
        while not job_of(sqlite_database, job_id).state.is_final:
            dispatcher.turn()
            for pack in packs_of(list(cluster.in_hand().values())):
                ends = [message for message in worker.run(pack) if isinstance(message, tuple)]
                by_id = {assignment.attempt_id: assignment for assignment in pack}
                cluster.messages += [(by_id[end[0].attempt_id], end) for end in ends]
        found = results_of(client, job_id)
    dispatcher.resign()
    server.stop()
    return found


def kill_in_the_middle_of_a_pack(server: Server, client: Client, job_id: int) -> set[int]:
    """Kill the worker after a pack's first epochs; return the trials that were lost with it."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        running = {trial["id"] for trial in client.trials(job_id, state="RUNNING")}
        if len(running) > 1 and all(len(client.measurements(i)) > 1 for i in running):
            kill_worker(server)
            while "RUNNING" in (first := {first_attempt(client, i) for i in running}):
                assert time.monotonic() < deadline, first
                time.sleep(0.02)
            if first == {"LOST"}:  # else the pack was faster: the next one
                return running
        time.sleep(0.02)
    raise TimeoutError(server.log_path.read_text())


def first_attempt(client: Client, trial_id: int) -> str:
    """Return the state of the first attempt at a trial."""
    state: str = client.trial(trial_id)["attempt_log"][0]["state"]
    return state


# tests/chaos/chaos_test.py kills such a worker in every run; here it dies in the middle of a pack,
# and what becomes of each attempt is looked at.
@pytest.mark.slow
def test_neither_width_nor_a_dead_worker_changes_what_a_pack_finds(
    server: Server, client: Client, expected: list[tuple[Any, ...]]
) -> None:
    diverged = [row for row in expected if row[5]]
    assert 0 < len(diverged) < len(expected) - 2  # they share packs with others
    narrow = client.submit(in_packs_of(2))["id"]
    in_hand = kill_in_the_middle_of_a_pack(server, client, narrow)
    assert results_of(client, narrow) == expected
    for trial_id in in_hand:  # nobody knows whose fault it was: each is tried again, alone
        tries = client.trial(trial_id)["attempt_log"]
        assert [attempt["state"] for attempt in tries] == ["LOST", "COMPLETED"]
        epochs = [measured["epoch"] for measured in client.measurements(trial_id)]
        assert epochs == list(range(1, len(epochs) + 1))
    assert "the training continues after" in server.log_path.read_text()


def estimate_disturbed(server: Server, client: Client, spec: dict[str, Any]) -> EstimateAnswer:
    """Return an estimate, the first worker that measured for it having been killed."""
    deadline, killed = time.monotonic() + PATIENCE_S, False
    while (found := client.estimate(spec))["state"] == "measuring":
        assert time.monotonic() < deadline, found
        measuring = [] if killed else named(server, "ray::Worker.calibrate")
        for process in measuring:
            kill(process)
            killed = True
        time.sleep(0.02)
    assert killed
    return found


@pytest.mark.slow
def test_what_a_worker_measured_for_an_estimate_is_a_jobs_width(
    server: Server, client: Client
) -> None:
    server.wait_until_ready()
    assert client.estimate(AUTO)["state"] == "measuring"
    found = estimate_disturbed(server, client, AUTO)
    assert found["epoch"] is not None
    assert found["time_s"] is not None
    assert found["memory"] is not None
    assert (found["state"], found["epoch"]["source"]) == ("ready", "calibration")
    assert found["pack_width"] in (1, 2, 4, 8)
    assert 0 < found["time_s"]["low"] <= found["time_s"]["expected"] <= found["time_s"]["high"]
    assert found["memory"]["worker_bytes"] > 2**26  # torch alone takes more
    job = client.wait(client.submit(AUTO)["id"], timeout_s=PATIENCE_S)
    assert job["state"] == "SUCCEEDED", job
    assert job["spec"]["resources"]["pack_width"] == found["pack_width"]
