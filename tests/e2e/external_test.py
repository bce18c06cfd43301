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

from densearch.client.client import Client
from tests.support.ports import free_port
from tests.support.product import PATIENCE_S, Server, environment

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]
# No Ray: the workers have nothing to do.
SETTINGS = {"DENSEARCH_RAY_ADDRESS": "none"}
DETECTOR: Json = {
    "name": "detector",
    "task": {
        "kind": "external",
        "metric": "IoU",
        "direction": "maximize",
        "layers": {"backbone.0": 3, "backbone.2": 3, "head.0": 5},
        "epochs": 5,
        "lease_s": 5,
    },
    "density": {"scope": "layer"},
    "search": {"lr": {"low": 0.001, "high": 0.02, "log": True}},
    "samplers": ["direct_l", "random"],
    "pruning": {"rule": "median"},
    "controls": ["uniform", "uniform_tuned"],
    "budget": {"n_trials": 8},
    "validation_seeds": 1,
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


def trainer(example: str, job_id: int, server: Server) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(ROOT / "examples" / example), str(job_id), server.url]
    return subprocess.Popen(command, env=environment(), cwd=ROOT)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def found_of(client: Client, job_id: int) -> list[tuple[Any, ...]]:
    """Return what each trial is, and its values: whoever trained it, and whenever."""
    trials = client.trials(job_id, phase="all")
    return sorted(
        (t["study"], t["phase"], str(t["number"]), t["state"], str(t["params"]), t["value"],
         str(t["curve"]))
        for t in trials
    )  # fmt: skip


def report_of(job: Json) -> Json:
    """Return a report without times and ids."""

    def bare(value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            return {
                name: bare(own)
                for name, own in value.items()
                if not re.search(r"_s$|_ids?$|^timing$", name)
            }
        return [bare(own) for own in value] if isinstance(value, list) else value

    found: Json = bare(job["report"])
    return found


def test_killed_trainers_and_a_killed_server_change_nothing(tmp_path: Path) -> None:
    with served(tmp_path / "quiet") as server, Client(server.url) as client:
        job_id = client.submit(DETECTOR)["id"]
        assert trainer("external_yolo_like.py", job_id, server).wait(PATIENCE_S) == 0
        quiet = client.wait(job_id, PATIENCE_S)
        expected = found_of(client, job_id)
    assert quiet["state"] == "SUCCEEDED"
    assert {"COMPLETED", "PRUNED"} == {state for _, _, _, state, *_ in expected}
    with served(tmp_path / "loud") as server, Client(server.url) as client:
        job_id = client.submit(DETECTOR)["id"]
        both = [trainer("external_yolo_like.py", job_id, server) for _ in range(2)]
        until(lambda: len(list(client.trials(job_id, phase="all", state="COMPLETED"))) >= 2)
        until(lambda: len(list(client.trials(job_id, phase="all", state="RUNNING"))) >= 1)
        both[0].kill()
        both[0].wait(PATIENCE_S)
        server.stop(signal.SIGKILL)
        time.sleep(0.5)
        server.start()
        assert both[1].wait(PATIENCE_S) == 0
        loud = client.wait(job_id, PATIENCE_S)
        assert found_of(client, job_id) == expected
    assert report_of(loud) == report_of(quiet)


def test_the_small_example_trains_with_one_density(tmp_path: Path) -> None:
    with served(tmp_path) as server, Client(server.url) as client:
        spec = {
            "name": "mine",
            "task": {"kind": "external", "metric": "loss", "kernel_size": 5, "epochs": 3},
            "samplers": ["random"],
            "budget": {"n_trials": 3},
            "evaluation": {"n_seeds": 2},
        }
        job_id = client.submit(spec)["id"]
        assert trainer("external_trainer.py", job_id, server).wait(PATIENCE_S) == 0
        assert client.wait(job_id, PATIENCE_S)["state"] == "SUCCEEDED"
