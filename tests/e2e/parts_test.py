"""Each part of Ray dies or hangs alone while a job runs: the job continues, with equal results.

Plasma, the object store, is a thread of the raylet in Ray 2.60: there is no process of it to kill.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from densearch.client.client import Client
from service.jobs import commands as use_cases
from service.storage.database import Database
from service.validation import parse
from tests.support.product import Server
from tests.support.simulation import Simulation, counted_trials

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900)]
PATIENCE_S = 180.0
JOB: dict[str, Any] = {
    "name": "branin",
    "seed": 7,
    "task": {"kind": "function", "name": "branin", "dimension": 2, "sleep_s": 0.5},
    "samplers": ["random", {"name": "tpe", "batch_size": 4}],
    "budget": {"n_trials": 20},
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "data", {"DENSEARCH_N_CPUS": "2", "DENSEARCH_LEASE_S": "3"})
    made.start()
    made.wait_until_ready()
    yield made
    made.stop()


# While a part hangs, running trials continue.
LONG = JOB | {"budget": {"n_trials": 250}}


def undisturbed(database: Database, job: dict[str, Any]) -> list[tuple[Any, ...]]:
    job_id = use_cases.submit(database, parse.parse(job))[0].id
    simulation = Simulation(database)
    (run,) = simulation.take()
    simulation.run(run)
    return counted_trials(database, job_id)


def part(server: Server, word: str) -> psutil.Process:
    """Return a process by its name or a word of its command line."""
    for process in server.family():
        try:
            if word in process.name() or word in " ".join(process.cmdline()):
                return process
        except psutil.Error:
            continue
    raise AssertionError(f"no process of {word!r}")


def n_done(client: Client, job_id: int) -> int:
    return sum(trial["state"] == "COMPLETED" for trial in client.trials(job_id))


def until(condition: Callable[[], bool], server: Server) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, server.log_path.read_text()
        time.sleep(0.1)


def n_losses(server: Server) -> int:
    return server.log_path.read_text().count("the Ray cluster is lost; ending")


def strike_each(
    server: Server, job: dict[str, Any], words: tuple[str, ...], number: int
) -> list[tuple[Any, ...]]:
    """Run the job, and signal one part after another, each after recovery from the previous."""
    with Client(server.url) as client:
        job_id = client.submit(job)["id"]
        for n_lost, word in enumerate(words):
            goal = n_done(client, job_id) + 2
            until(lambda: n_done(client, job_id) >= goal, server)  # noqa: B023 - called here
            os.kill(part(server, word).pid, number)
            until(lambda: n_losses(server) > n_lost, server)  # noqa: B023 - called here
        assert client.job(job_id)["state"] == "RUNNING"  # the last one was struck in time
        assert client.wait(job_id, timeout_s=2 * PATIENCE_S)["state"] == "SUCCEEDED"
        return results(client, job_id)


def results(client: Client, job_id: int) -> list[tuple[Any, ...]]:
    return sorted(
        (t["sampler"], t["phase"], t["number"], tuple(t["point"]), t["value"], t["state"])
        for t in client.trials(job_id, phase="all")
        if t["number"] is not None
    )


@pytest.mark.slow
def test_raylet_and_gcs_are_killed_alone(server: Server, sqlite_database: Database) -> None:
    words = ("raylet", "gcs_server")
    assert strike_each(server, JOB, words, signal.SIGKILL) == undisturbed(sqlite_database, JOB)
    assert "its gcs_server process ended" in server.log_path.read_text()


@pytest.mark.slow
def test_a_dispatcher_that_is_killed_leaves_ray_to_the_next(
    server: Server, sqlite_database: Database
) -> None:
    with Client(server.url) as client:
        job_id = client.submit(JOB)["id"]
        raylet = part(server, "raylet")
        for word in ("--has-server", "workers.ray_head"):
            goal = n_done(client, job_id) + 2
            until(lambda: n_done(client, job_id) >= goal, server)  # noqa: B023 - called here
            os.kill(part(server, word).pid, signal.SIGKILL)
            if word == "--has-server":
                until(lambda: n_done(client, job_id) >= goal + 4, server)  # noqa: B023 - likewise
                assert raylet.is_running()
        # Together: the next dispatcher finds where Ray was, and nobody there.
        goal = n_done(client, job_id) + 2
        until(lambda: n_done(client, job_id) >= goal, server)
        for word in ("--has-server", "gcs_server"):
            os.kill(part(server, word).pid, signal.SIGKILL)
        until(lambda: n_done(client, job_id) >= goal + 4, server)
        assert client.wait(job_id, timeout_s=PATIENCE_S)["state"] == "SUCCEEDED"
        assert results(client, job_id) == undisturbed(sqlite_database, JOB)
    assert not raylet.is_running()
    assert "Ray ended while the dispatcher joined it" in server.log_path.read_text()


@pytest.mark.slow
def test_agents_are_killed_alone(server: Server, sqlite_database: Database) -> None:
    words = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")
    assert strike_each(server, JOB, words, signal.SIGKILL) == undisturbed(sqlite_database, JOB)
    assert n_losses(server) == 2


@pytest.mark.slow
def test_raylet_and_gcs_hang_alone(server: Server, sqlite_database: Database) -> None:
    words = ("gcs_server", "raylet")
    assert strike_each(server, LONG, words, signal.SIGSTOP) == undisturbed(sqlite_database, LONG)
    assert "it has not answered for" in server.log_path.read_text()


@pytest.mark.slow
def test_nothing_is_left_of_a_server_that_dies_with_its_gcs(tmp_path: Path) -> None:
    """Ray's agents wait a minute for a GCS that is gone, unless somebody ends them."""
    server = Server(tmp_path / "data", {"DENSEARCH_N_CPUS": "1"})
    server.start()
    server.wait_until_ready()
    family = server.family()
    os.kill(part(server, "gcs_server").pid, signal.SIGKILL)
    server.process.kill()
    server.process.wait()
    _, alive = psutil.wait_procs(family, timeout=30.0)
    assert [" ".join(process.cmdline()) for process in alive] == []
