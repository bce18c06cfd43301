"""Latency under costly samplers: python -m benchmarks.asking_latency [--jobs 10].

A real server on SQLite with 2 workers. Ten jobs search ten dimensions by a Gaussian process; once
their models are asked, small jobs are submitted one after the other, at most 20 a second. It
prints the duration of a POST, of the last small job and of a cancel of each costly job, and the
memory of the dispatcher.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from functools import partial

from benchmarks.machine import describe, judge, spread
from benchmarks.serving import Server, peak_bytes, serve
from densearch.client.client import Client

N_WORKERS = 2
TARGET_S = 0.5
CANCEL_TARGET_S = 1.0
INTERVAL_S = 0.05


def costly(number: int, sampler: str) -> dict[str, object]:
    """Return a job with costly asks: a model of ten dimensions from the eleventh trial on."""
    return {
        "name": f"costly {number}",
        "seed": number,
        "task": {"kind": "function", "name": "ackley", "dimension": 10},
        "samplers": [sampler],
        "budget": {"n_trials": 500},
    }


def small(number: int) -> dict[str, object]:
    """Return a job of four trials without any cost."""
    return {
        "name": f"small {number}",
        "seed": 10_000 + number,
        "task": {"kind": "function", "name": "sphere", "dimension": 2},
        "samplers": ["random"],
        "budget": {"n_trials": 4},
    }


def timed(call: Callable[[], object]) -> float:
    """Return how long a call takes, s."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def measure(server: Server, client: Client, arguments: argparse.Namespace) -> None:
    """Run the jobs and print the figures."""
    jobs = [client.submit(costly(i, arguments.sampler))["id"] for i in range(arguments.jobs)]
    while not all(len(list(client.trials(job))) > 12 for job in jobs):
        time.sleep(0.5)
    posts: list[float] = []
    submitted: list[int] = []
    until = time.monotonic() + arguments.seconds
    while time.monotonic() < until:
        started = time.perf_counter()
        submitted.append(client.submit(small(len(posts)))["id"])
        posts.append(time.perf_counter() - started)
        time.sleep(INTERVAL_S)
    n_trials = sum(len(list(client.trials(job))) for job in jobs)
    ended_s = timed(partial(client.wait, submitted[-1]))
    p99 = sorted(posts)[int(0.99 * (len(posts) - 1))]
    print(f"POST          {spread(posts, 's')}, p99 {p99:.3g} s  {judge(p99, TARGET_S, 's')}")
    print(f"last small job ended {ended_s:.2f} s after the last POST; costly trials: {n_trials}")
    cancels = [timed(partial(client.cancel, job)) for job in jobs]
    print(f"cancel        {spread(cancels, 's')}  {judge(max(cancels), CANCEL_TARGET_S, 's')}")
    memory = peak_bytes(server.dispatcher_pid()) / 2**20
    print(f"dispatcher    {memory:.0f} MiB at most")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--sampler", default="gp")
    arguments = parser.parse_args()
    os.environ["DENSEARCH_N_CPUS"] = str(N_WORKERS)
    print(describe("ray", "optuna", "sqlalchemy"))
    print(f"{arguments.jobs} jobs of {arguments.sampler} in 10 dimensions, {N_WORKERS} workers")
    with serve() as server, Client(server.url) as client:
        server.wait_until_ready()
        measure(server, client, arguments)


if __name__ == "__main__":
    main()
