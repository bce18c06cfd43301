"""A job against the same trainings under Ray Tune: python -m benchmarks.against_ray_tune.

Ways to train the 3x3 photographs' network with the same densities, on the same cores:
    tune    as a user would today: Ray Tune with its defaults, a layer that multiplies W by Phi in
            the forward pass, a DataLoader, a plain loop (benchmarks.user_training)
    job     a job of ours over REST, from its submission to its end
    pure    our training loop alone, in as many warm processes as there are cores: the floor
    short   the job as the example has it: half the epochs, then the best two in full
Ray's own start and the server's are left out of all three. Each round has a seed of its own, so
that nothing is taken from an earlier round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.machine import describe, judge, spread
from benchmarks.serving import serve
from densearch.answers import TrialAnswer
from densearch.client.client import Client

TARGET_TUNE, TARGET_PURE = 1 / 3, 1.15
PHOTOS = Path(__file__).parents[1] / "examples" / "photos.json"
SECTIONS = ("task", "network", "training", "density")


def spec_of(n_trials: int, seed: int, *, is_short: bool = False) -> dict[str, Any]:
    """Return the photographs' task as a job of so many trainings, and nothing else."""
    photos = json.loads(PHOTOS.read_text())
    kept = {name: photos[name] for name in (*SECTIONS, *(["fidelity"] if is_short else []))}
    sampler = {"name": "random", "batch_size": n_trials}
    return {
        **kept,
        "name": f"{n_trials} trainings",
        "seed": seed,
        "samplers": [sampler],
        "budget": {"n_trials": n_trials},
        "evaluation": {"n_seeds": 0},
    }


def time_job(client: Client, spec: dict[str, Any]) -> tuple[float, list[TrialAnswer]]:
    """Return the seconds that a job takes, and its trials."""
    start = time.perf_counter()
    job = client.wait(client.submit(spec)["id"])
    elapsed_s = time.perf_counter() - start
    if job["state"] != "SUCCEEDED":
        raise RuntimeError(f"the job ended {job['state']}")
    return elapsed_s, list(client.trials(job["id"]))


def _load() -> None:
    from workers.worker import Worker  # a worker's imports, outside the measured time

    Worker()


def _train(payload: dict[str, Any]) -> None:
    from service.orchestration.messages import Assignment, Ended, Ending
    from workers.worker import Worker

    assignment = Assignment(1, 1, 1, digest="", payload=payload, device="cpu", keeps_weights=False)
    *_, last = Worker().run([assignment])
    if not (isinstance(last, tuple) and isinstance(last[0], Ended)):
        raise TypeError("a training ended without its end")
    if last[0].ending not in (Ending.COMPLETED, Ending.DIVERGED):
        raise RuntimeError(last[0].error)


def time_pure(payloads: Sequence[dict[str, Any]], n_processes: int) -> float:
    """Return the seconds that warm processes take for the trainings alone."""
    with ProcessPoolExecutor(n_processes, initializer=_load) as pool:
        list(pool.map(_train, payloads[:n_processes]))  # the images are loaded, too
        start = time.perf_counter()
        list(pool.map(_train, payloads))
        return time.perf_counter() - start


def time_tune(payloads: Sequence[dict[str, Any]], n_cpus: int) -> float:
    """Return the seconds of `Tuner.fit`, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.user_training", "--cpus", str(n_cpus)]
    densities = json.dumps(
        {"training": payloads[0]["training"], "phis": [payload["phi"] for payload in payloads]}
    )
    done = subprocess.run(command, input=densities, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-4000:])
    return float(done.stdout.strip().splitlines()[-1])


def payloads_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the workers of a job of `random` are given."""
    from densearch.sampler import StudyPlan
    from service import samplers
    from service.studies import payloads
    from service.validation import parse
    from service.validation.resolve import resolve

    job = resolve(parse.parse(spec))
    study, n_trials = job.studies[0], job.studies[0].n_trials
    plan = StudyPlan(job.spaces.searches.dimension, n_trials, study.seed, batch_size=n_trials)
    points = samplers.create(study.sampler, plan).plan([]).proposals
    return [payloads.searched(job, study.name, proposal.point).payload for proposal in points]


def main() -> None:
    """Print the seconds of each way, and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip", choices=["tune", "pure"], nargs="*", default=[])
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    n_cores = len(os.sched_getaffinity(0))
    print(describe("torch", "ray"))
    print(f"{arguments.trials} trainings of the 3x3 photographs' network, {n_cores} workers")
    seconds: dict[str, list[float]] = {"tune": [], "job": [], "pure": [], "short": []}
    for number in range(arguments.rounds):
        spec = spec_of(arguments.trials, seed=number)
        given = payloads_of(spec)
        with serve() as server, Client(server.url) as client:
            server.wait_until_ready()
            time_job(client, spec_of(2 * n_cores, seed=1_000 + number))  # warm
            elapsed_s, trials = time_job(client, spec)
            seconds["job"].append(elapsed_s)
            # Before, all its trainings would be known.
            short = spec_of(arguments.trials, seed=2_000 + number, is_short=True)
            seconds["short"].append(time_job(client, short)[0])
        busy_s = sum(trial["training_s"] or 0.0 for trial in trials) / n_cores
        if "pure" not in arguments.skip:
            seconds["pure"].append(time_pure(given, n_cores))
        if "tune" not in arguments.skip:
            seconds["tune"].append(time_tune(given, n_cores))
        figures = ", ".join(f"{way} {times[-1]:.1f} s" for way, times in seconds.items() if times)
        print(
            f"round {number + 1}: {figures}; the job's trainings alone {busy_s:.1f} s", flush=True
        )
    for way, times in seconds.items():
        if times:
            print(f"{way:<5} {spread(times, 's')}")
    _compare("job", "tune", TARGET_TUNE, seconds)
    _compare("job", "pure", TARGET_PURE, seconds)
    _compare("short", "tune", TARGET_TUNE, seconds)


def _compare(ours: str, other: str, target: float, seconds: dict[str, list[float]]) -> None:
    pairs = zip(seconds[ours], seconds[other], strict=False)
    ratios = [ours_s / other_s for ours_s, other_s in pairs]
    if ratios:
        middle = statistics.median(ratios)
        print(f"{ours} / {other}: {spread(ratios, '')}; {judge(middle, target, '')}")


if __name__ == "__main__":
    main()
