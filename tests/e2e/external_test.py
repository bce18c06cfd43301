"""Trainers outside, as a user starts them: killed ones and a killed server change no result."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from densearch.answers import JobAnswer
from densearch.client.client import Client
from tests.support.ports import free_port
from tests.support.product import Server, environment

# Each trainer imports torch.
PATIENCE_S = 300.0
ROOT = Path(__file__).parents[2]
Json = dict[str, Any]
Start = Callable[[str, int, Server], subprocess.Popen[bytes]]
# No Ray: the workers have nothing to do.
SETTINGS = {"DENSEARCH_RAY_ADDRESS": "none"}
DETECTOR: Json = {
    "name": "detector",
    "task": {
        "kind": "external",
        "metric": "IoU",
        "direction": "maximize",
        "layers": {"backbone.0": 3, "backbone.2": 3, "head.0": 5},
        "epochs": 3,
        "lease_s": 5,
    },
    "density": {"scope": "layer"},
    "search": {"lr": {"low": 0.001, "high": 0.02, "log": True}},
    "samplers": ["direct_l", "random"],
    "pruning": {"rule": "median"},
    "controls": ["uniform"],
    "budget": {"n_trials": 6},
    "validation_seeds": 1,
    "evaluation": {"n_seeds": 1},
}
SMALL: Json = {
    "name": "mine",
    "task": {"kind": "external", "metric": "loss", "kernel_size": 5, "epochs": 3},
    "samplers": ["random"],
    "budget": {"n_trials": 3},
    "evaluation": {"n_seeds": 2},
}


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    server = Server(folder, SETTINGS, port=free_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def trainer() -> Iterator[Start]:
    """Start an example for a job; what still runs in the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(example: str, job_id: int, server: Server) -> subprocess.Popen[bytes]:
        started.append(_trainer(example, job_id, server))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait(PATIENCE_S)


def _trainer(example: str, job_id: int, server: Server) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(ROOT / "examples" / example), str(job_id), server.url]
    return subprocess.Popen(command, env=environment(), cwd=ROOT)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def count(client: Client, job_id: int, state: str) -> int:
    return sum(1 for _ in client.trials(job_id, phase="all", state=state))


def found_of(client: Client, job_id: int) -> list[tuple[Any, ...]]:
    """Return what each trial is, and its values, not who trained it, nor when."""
    trials = client.trials(job_id, phase="all")
    return sorted(
        (t["study"], t["phase"], str(t["number"]), t["state"], str(t["params"]), t["value"],
         str(t["curve"]))
        for t in trials
    )  # fmt: skip


def report_of(job: JobAnswer) -> Json:
    """Return a report without times and ids."""

    def bare(value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            return {
                name: bare(own)
                for name, own in value.items()
                if not re.search(r"_s$|_ids?$|^timing$", name)
            }
        return [bare(own) for own in value] if isinstance(value, list) else value

    found: Json = bare(dict(job["report"] or {}))
    return found


def test_killed_trainers_and_a_killed_server_change_nothing(
    tmp_path: Path, trainer: Start
) -> None:
    with served(tmp_path) as server, Client(server.url) as client:
        quiet, small = client.submit(DETECTOR)["id"], client.submit(SMALL)["id"]
        alone = [
            trainer("external_yolo_like.py", quiet, server),
            trainer("external_trainer.py", small, server),
        ]
        assert [process.wait(PATIENCE_S) for process in alone] == [0, 0]
        loud = client.submit(DETECTOR)["id"]
        both = [trainer("external_yolo_like.py", loud, server) for _ in range(2)]
        until(lambda: count(client, loud, "COMPLETED") > 0 and count(client, loud, "RUNNING") > 0)
        both[0].kill()
        both[0].wait(PATIENCE_S)
        server.stop(signal.SIGKILL)
        server.start()
        assert both[1].wait(PATIENCE_S) == 0
        jobs = [client.wait(job_id, PATIENCE_S) for job_id in (quiet, small, loud)]
        assert [job["state"] for job in jobs] == ["SUCCEEDED"] * 3
        expected = found_of(client, quiet)
        assert found_of(client, loud) == expected
    assert {state for _, _, _, state, *_ in expected} <= {"COMPLETED", "PRUNED"}
    assert report_of(jobs[2]) == report_of(jobs[0])
