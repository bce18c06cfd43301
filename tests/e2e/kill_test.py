"""kill -9 of every process at work: the job ends as one that nobody disturbed."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from api.client import Client, UnreachableError
from tests.e2e.conftest import Server

pytestmark = [pytest.mark.ray, pytest.mark.timeout(420)]
PATIENCE_S = 180.0

FUNCTION = {
    "name": "branin",
    "seed": 5,
    "task": {"kind": "function", "name": "branin", "dimension": 2, "sleep_s": 0.4},
    "samplers": ["direct_l", "direct_l_rand", "tpe", "cmaes"],
    "budget": {"n_trials": 18},
}
PHOTOS = {
    "name": "photos",
    "seed": 5,
    "task": {"kind": "denoising", "patch_px": 16, "n_patches": 64},
    "network": {"kind": "dncnn", "depth": 3, "width": 4, "kernel_size": 3},
    "training": {"lr": 0.01, "batch_size": 16, "epochs": 6, "schedule": "cosine"},
    "density": {"bounds": [[0.0, 2.0]]},
    "samplers": ["direct_l", "tpe", "gradient"],
    "controls": ["uniform", "flat", "uniform_tuned"],
    "budget": {"n_trials": 5},
    "evaluation": {"n_seeds": 2},
    "fidelity": {"search_fraction": 0.5, "promote": 2},
    "pruning": {"rule": "median", "warmup_epochs": 1},
}

# Function; photos: searches, gradient, controls; promotions; evaluation.
N_TRIALS = 4 * 18 + (3 * 5 + 1 + 2) + (3 * 2 + 3) + 6 * 2

# What may differ between two runs of one spec: times, row numbers, who trained and how often.
TIMES = ("training_s",)
TRIAL_FIELDS = (
    *("sampler", "phase", "number", "point", "params"),
    *("value", "state", "metrics"),
)


def fresh(base: Path, name: str) -> Server:
    server = Server(base / name, {"DENSEARCH_N_CPUS": "2", "DENSEARCH_LEASE_S": "3"})
    server.start()
    return server


def result_of(server: Server, job_ids: list[int]) -> list[Any]:
    """Everything that must be a function of the spec."""
    found: list[Any] = []
    with Client(server.url) as client:
        for job_id in job_ids:
            job = client.wait(job_id, timeout_s=PATIENCE_S)
            assert job["state"] == "SUCCEEDED", job
            # Trials without a number were run ahead of need: which they are depends on timing.
            trials = [
                tuple(t[name] for name in TRIAL_FIELDS)
                for t in client.trials(job_id, phase="all")
                if t["number"] is not None
            ]
            densities = [(d["family"], d["phi"]) for d in client.densities(job_id)]
            report = client.report(job_id)
            arms = [
                {k: v for k, v in arm.items() if k not in ("study_id", "trial_id", *TIMES)}
                for arm in report["arms"]
            ]
            assert len(trials) == (N_TRIALS - 4 * 18 if len(arms) > 4 else 4 * 18)
            keyed = sorted(trials, key=lambda row: (row[0], row[1], row[2], str(row[4])))
            found.append((keyed, densities, arms, report["verdict"]))
    return found


def kill(process: psutil.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)


def named(server: Server, word: str) -> list[psutil.Process]:
    found = []
    for process in server.family():
        try:
            if word in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill_dispatcher(server: Server) -> None:
    (dispatcher, *_) = [p for p in named(server, "-m workers") if "ray" not in p.name()]
    kill(dispatcher)


def kill_worker(server: Server) -> None:
    # An idle Ray process is called ray::IDLE; ours carry their class and method.
    (worker, *_) = named(server, "ray::Worker")
    kill(worker)


def kill_raylet(server: Server) -> None:
    (raylet, *_) = [p for p in server.family() if p.name() == "raylet"]
    kill(raylet)


def kill_api(server: Server) -> None:
    server.process.kill()
    server.process.wait()
    server.start()


def kill_tree(server: Server) -> None:
    for process in [psutil.Process(server.process.pid), *server.family()]:
        kill(process)
    server.process.wait()
    server.start()


KILLS: list[Callable[[Server], None]] = [
    kill_dispatcher,
    kill_worker,
    kill_raylet,
    kill_api,
    kill_tree,
]


def n_ended(server: Server, job_ids: list[int]) -> int:
    with Client(server.url) as client:
        return sum(
            trial["state"] in ("COMPLETED", "PRUNED") and trial["number"] is not None
            for job_id in job_ids
            for trial in client.trials(job_id, phase="all")
        )


def wait_for_progress(server: Server, job_ids: list[int], n_wanted: int) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            found = n_ended(server, job_ids)
        except UnreachableError:
            found = -1
        if found >= n_wanted:
            return found
        assert time.monotonic() < deadline, server.log_path.read_text()
        time.sleep(0.05)


def submit_both(server: Server) -> list[int]:
    with Client(server.url) as client:
        return [client.submit(spec)["id"] for spec in (PHOTOS, FUNCTION)]


def test_a_job_survives_the_death_of_every_process(tmp_path: Path) -> None:
    quiet = fresh(tmp_path, "quiet")
    try:
        expected = result_of(quiet, submit_both(quiet))
    finally:
        quiet.stop()
    disturbed = fresh(tmp_path, "disturbed")
    try:
        job_ids = submit_both(disturbed)
        n_done = 0
        for do_kill in KILLS:
            n_done = wait_for_progress(disturbed, job_ids, n_done + 9)
            do_kill(disturbed)
        assert n_done < N_TRIALS  # the last kill came before the end
        assert result_of(disturbed, job_ids) == expected
        with Client(disturbed.url) as client:
            attempts = [
                attempt["state"]
                for job_id in job_ids
                for trial in client.trials(job_id, phase="all")
                if trial["attempts"] > 1
                for attempt in client.trial(trial["id"])["attempt_log"]
            ]
        assert "LOST" in attempts
        assert "FAILED" not in attempts  # nobody's kill counts against a trial
    finally:
        disturbed.stop()
