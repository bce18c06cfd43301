"""A long search without a pause: python -m benchmarks.soak [--trials 100000] [--sampler random].

A real `densearch serve` runs one job of `function` trials that take no time. Every so many trials
it prints a line: the cost of dispatching a trial since the previous line, the memory of every
part, the sizes of the database and its WAL, and the latency of the API meanwhile. The cost must
stay flat and the memory bounded. 100,000 trials take about 10 minutes on a quiet machine with two
cores; on a busy one only the memory is meaningful, not the times.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.serving import Server, command_of, descendants_of, resident_bytes, serve
from densearch.client.client import Client

POLL_S = 0.5
MIB = 2**20
# Part of a process's command line, in the order of matching, and its name here.
PARTS = {
    "gcs_server": "GCS",
    "raylet/raylet": "raylet",
    "ray::": "workers",
    "workers/asking": "asking",
    "-m workers": "dispatcher",
    "api.cli.main": "API",
}
SHOWN = ("API", "dispatcher", "GCS", "raylet", "workers", "other")
SMALL = {
    "name": "during the soak",
    "task": {"kind": "function", "name": "branin", "dimension": 2},
    "samplers": ["random"],
    "budget": {"n_trials": 1},
}


def part_of(command: str) -> str:
    """Return which part of the product a command line belongs to."""
    return next((name for mark, name in PARTS.items() if mark in command), "other")


def resident(server: Server) -> Counter[str]:
    """Return the resident bytes of each part."""
    found: Counter[str] = Counter()
    for pid in (server.pid, *descendants_of(server.pid)):
        found[part_of(command_of(pid))] += resident_bytes(pid)
    return found


def timed(ask: Callable[[], object]) -> float:
    """Return how long an answer took, ms."""
    start = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - start)


def size_of(path: Path) -> float:
    """Return a file's size, MiB; 0 where there is none."""
    return path.stat().st_size / MIB if path.exists() else 0.0


def line_of(server: Server, client: Client, job_id: int, n: int, ms: float) -> str:
    """Return a line of the table."""
    memory = resident(server)
    stored = server.data_dir / "densearch.sqlite3"
    figures = [
        *(f"{memory[name] / MIB:>10.0f}" for name in SHOWN),
        f"{size_of(stored):>8.0f}",
        f"{size_of(stored.with_name(stored.name + '-wal')):>6.0f}",
        f"{timed(lambda: client.job(job_id)):>9.0f}",
        f"{timed(lambda: client.json('GET', f'/jobs/{job_id}/figures/convergence')):>9.0f}",
        f"{timed(lambda: client.submit(SMALL)):>9.0f}",
    ]
    return f"{n:>8} {ms:>8.2f} {' '.join(figures)}"


def heading() -> str:
    """Return the names of the columns: ms a trial, MiB, and ms."""
    names = [f"{name:>10}" for name in SHOWN]
    columns = ["database", "   WAL", " GET job", "GET figure", "POST job"]
    return f"{'trials':>8} {'ms/trial':>8} {' '.join([*names, *columns])}"


def follow(server: Server, client: Client, job_id: int, every: int) -> None:
    """Print a line for every `every` trials until the job has ended."""
    n_before, since, at = 0, time.monotonic(), every
    while True:
        job = client.job(job_id)
        n = job["progress"]["n_finished"]
        is_over = job["finished_at"] is not None
        if n >= at or is_over:
            now = time.monotonic()
            if n > n_before:
                ms = 1000 * (now - since) / (n - n_before)
                print(line_of(server, client, job_id, n, ms), flush=True)
            n_before, since, at = n, time.monotonic(), (n // every + 1) * every
        if is_over:
            print(f"the job ended {job['state']}")
            return
        time.sleep(POLL_S)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--every", type=int, default=5_000)
    parser.add_argument("--sampler", default="random")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    os.environ["DENSEARCH_N_CPUS"] = str(arguments.workers)
    print(describe("ray", "sqlalchemy"))
    with serve() as server, Client(server.url) as client:
        server.wait_until_ready()
        job = client.submit(
            {
                "name": f"soak of {arguments.sampler}",
                "task": {"kind": "function", "name": "ackley", "dimension": 2},
                "samplers": [{"name": arguments.sampler}],
                "budget": {"n_trials": arguments.trials},
            }
        )
        print(f"{arguments.trials} trials, {arguments.workers} workers; memory and sizes in MiB")
        print(heading())
        follow(server, client, job["id"], arguments.every)


if __name__ == "__main__":
    main()
