"""Searches on real workers: pause, resume, cancel, NLopt's sequence; the roles on PostgreSQL."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nlopt
import numpy as np
import pytest
from numpy.typing import NDArray

from densearch import seeds
from densearch.client.client import Client
from tests.support.product import DENSEARCH, PATIENCE_S, Server, densearch, environment
from workers import functions

pytestmark = pytest.mark.ray

N_TRIALS = 40
N_WORKERS = 3
ALGORITHMS = {"direct_l": nlopt.GN_DIRECT_L, "direct_l_rand": nlopt.GN_DIRECT_L_RAND}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with three workers, on fewer cores: the trials mostly sleep."""
    made = Server(tmp_path_factory.mktemp("data"), {"DENSEARCH_N_CPUS": str(N_WORKERS)})
    made.start()
    yield made
    made.stop()


def function(**changes: object) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": "slow",
        "task": {"kind": "function", "name": "sphere", "dimension": 2, "sleep_s": 0.3},
        "samplers": ["random"],
        "budget": {"n_trials": 8},
    }
    return body | changes


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def states(client: Client, job_id: int) -> list[str]:
    return [trial["state"] for trial in client.trials(job_id)]


def confirmed(client: Client, job_id: int) -> list[str]:
    """Return the states of the trials that searches needed, not of those run ahead in vain."""
    return [t["state"] for t in client.trials(job_id) if t["number"] is not None]


def test_pause_lets_running_trials_finish_and_resume_goes_on(client: Client) -> None:
    job_id = client.submit(function(budget={"n_trials": 12}))["id"]
    until(lambda: "COMPLETED" in states(client, job_id))
    assert client.pause(job_id)["state"] == "PAUSED"
    until(lambda: "RUNNING" not in states(client, job_id))
    paused = states(client, job_id)
    assert "WAITING" in paused
    time.sleep(1.0)  # three trials' time: none may start
    assert states(client, job_id) == paused
    client.resume(job_id)
    assert client.wait(job_id, timeout_s=PATIENCE_S)["state"] == "SUCCEEDED"
    assert confirmed(client, job_id) == ["COMPLETED"] * 12


def test_cancel_frees_the_workers_at_once(client: Client) -> None:
    endless = function(
        name="endless",
        task={"kind": "function", "name": "sphere", "dimension": 2, "sleep_s": 3600.0},
    )
    job_id = client.submit(endless)["id"]
    until(lambda: states(client, job_id).count("RUNNING") == N_WORKERS)
    assert client.cancel(job_id)["state"] == "CANCELLED"
    assert set(states(client, job_id)) == {"CANCELLED"}
    after = client.submit(function(name="after", seed=9))["id"]
    assert client.wait(after, timeout_s=PATIENCE_S)["state"] == "SUCCEEDED"


def test_cancel_stops_a_training_within_an_epoch(client: Client) -> None:
    training = {
        "name": "long",
        "task": {"kind": "denoising", "patch_px": 16, "n_patches": 64},
        "network": {"kind": "dncnn", "depth": 3, "width": 4},
        "training": {"lr": 0.001, "batch_size": 16, "epochs": 10_000},
        "samplers": ["random"],
        "budget": {"n_trials": 2},
    }
    job_id = client.submit(training)["id"]
    until(lambda: states(client, job_id).count("RUNNING") == N_WORKERS)
    trial = next(iter(client.trials(job_id, state="RUNNING")))
    until(lambda: len(client.measurements(trial["id"])) > 2)
    client.cancel(job_id)
    time.sleep(1.0)
    n_measured = len(client.measurements(trial["id"]))
    after = client.submit(function(name="next", seed=11))["id"]
    assert client.wait(after, timeout_s=PATIENCE_S)["state"] == "SUCCEEDED"
    assert len(client.measurements(trial["id"])) == n_measured


def test_a_job_that_no_worker_can_hold_says_why_it_waits(client: Client) -> None:
    job_id = client.submit(function(seed=12, resources={"cpus_per_trial": 64}))["id"]
    until(lambda: "needs 64 CPUs" in str(client.job(job_id)["waits_for"]))
    client.cancel(job_id)


def sequential(
    sampler: str, name: str, dimension: int, seed: int
) -> list[tuple[list[float], float]]:
    """What NLopt visits alone."""
    visited: list[tuple[list[float], float]] = []

    def evaluate(x: NDArray[np.float64], _: NDArray[np.float64]) -> float:
        value = functions.evaluate(name, dimension, x.tolist())
        visited.append((x.tolist(), value))
        return value

    nlopt.srand(seed)
    opt = nlopt.opt(ALGORITHMS[sampler], dimension)
    opt.set_lower_bounds([0.0] * dimension)
    opt.set_upper_bounds([1.0] * dimension)
    opt.set_param("magic_eps", 1e-4)
    opt.set_min_objective(evaluate)
    opt.set_maxeval(N_TRIALS)
    opt.optimize([0.5] * dimension)
    return visited[:N_TRIALS]


@pytest.mark.parametrize(
    ("name", "dimension"),
    [("branin", 2), pytest.param("rosenbrock", 4, marks=pytest.mark.slow), ("hartmann6", 6)],
)
def test_the_told_sequence_is_nlopts(client: Client, name: str, dimension: int) -> None:
    spec: dict[str, Any] = {
        "name": name,
        "task": {"kind": "function", "name": name, "dimension": dimension, "sleep_s": 0.05},
        "samplers": list(ALGORITHMS),
        "budget": {"n_trials": N_TRIALS},
    }
    job = client.wait(client.submit(spec)["id"], PATIENCE_S)
    assert job["state"] == "SUCCEEDED"
    trials = list(client.trials(job["id"]))
    studies = {study["name"]: study for study in client.studies(job["id"])}
    for sampler in ALGORITHMS:
        mine = [t for t in trials if t["study"] == sampler and t["number"] is not None]
        in_order = sorted(mine, key=lambda t: t["number"] or 0)
        told = [(t["point"], t["value"] or 0.0) for t in in_order]
        assert studies[sampler]["seed"] == seeds.derive(0, "search", sampler)
        assert told == sequential(sampler, name, dimension, studies[sampler]["seed"])
        assert studies[sampler]["best_value"] == min(value for _, value in told)
        assert studies[sampler]["n_finished"] == N_TRIALS
    # Idle workers ran ahead of the sequence, and were mostly right. In more dimensions the two
    # samplers have work for all workers.
    if dimension == 2:
        assert sum(study["n_speculative"] for study in studies.values()) > 0
        assert sum(study["n_hits"] for study in studies.values()) > 0


def test_api_and_dispatcher_alone_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    """The cluster's roles: `db upgrade`, `api`, `dispatch`, each a process of its own."""
    shared = {
        "DENSEARCH_DATABASE_URL": postgresql_url,
        "DENSEARCH_DATA_DIR": str(tmp_path),
        "DENSEARCH_N_CPUS": "1",
    }
    upgraded = densearch("db", "upgrade", **shared)
    assert upgraded.code == 0, upgraded.err
    log = (tmp_path / "dispatch.log").open("wb")
    dispatcher = subprocess.Popen(
        [DENSEARCH, "dispatch"], env=environment(**shared), stdout=log, stderr=log
    )
    server = Server(tmp_path, shared, role="api")
    try:
        server.start()
        server.wait_until_ready()
        with Client(server.url) as client:
            spec = function(
                samplers=["direct_l", "tpe"],
                task=_quick("branin"),
                budget={"n_trials": 4},
            )
            job_id = client.submit(spec)["id"]
            assert client.wait(job_id, timeout_s=PATIENCE_S)["state"] == "SUCCEEDED"
            assert confirmed(client, job_id) == ["COMPLETED"] * 8
    finally:
        server.stop()
        dispatcher.send_signal(signal.SIGTERM)
        assert dispatcher.wait(PATIENCE_S) == 0
        log.close()
    # Ray's process ended in order, too: Ray's own handler of the signal prints where it was.
    assert "SIGTERM received" not in (tmp_path / "dispatch.log").read_text()


def _quick(name: str) -> dict[str, object]:
    return {"kind": "function", "name": name, "dimension": 2}
