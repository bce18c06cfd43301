"""What the dispatcher itself costs: python -m benchmarks.dispatch_cost [--trials 1000].

`function` trials without sleep on a local Ray with 2 workers and SQLite on a fresh directory. Wall
time is that from the first trial's start to the last one's end by the trials' own times; CPU time
is that of the dispatcher process (all its threads, Ray's driver included) over the job.
"""

from __future__ import annotations

import argparse
import os
import statistics
from datetime import datetime

from benchmarks.machine import describe, judge, spread
from benchmarks.serving import Server, cpu_s, serve
from densearch.client.client import Client

TARGET_MS = 10.0
N_WORKERS = 2
FUNCTIONS = ("sphere", "ackley", "rastrigin")


def measure(server: Server, client: Client, sampler: str, function: str, n: int) -> list[float]:
    """Run one job and return wall and CPU milliseconds a trial."""
    dispatcher = server.dispatcher_pid()
    before = cpu_s(dispatcher)
    job = client.submit(
        {
            "name": f"{sampler} on {function}",
            "task": {"kind": "function", "name": function, "dimension": 2},
            "samplers": [{"name": sampler, "batch_size": 64}],
            "budget": {"n_trials": n},
        }
    )
    ended = client.wait(job["id"])
    if ended["state"] != "SUCCEEDED":
        raise RuntimeError(f"the job ended {ended['state']}")
    used_s = cpu_s(dispatcher) - before
    trials = list(client.trials(job["id"]))
    ends = [t["finished_at"] for t in trials if t["finished_at"]]
    starts = [t["started_at"] for t in trials if t["started_at"]]
    first = min(map(datetime.fromisoformat, starts + ends))
    last = max(map(datetime.fromisoformat, ends))
    return [1000 * seconds / n for seconds in ((last - first).total_seconds(), used_s)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--samplers", nargs="+", default=["random", "direct_l"])
    arguments = parser.parse_args()
    os.environ["DENSEARCH_N_CPUS"] = str(N_WORKERS)
    print(describe("ray", "sqlalchemy", "nlopt"))
    print(f"{arguments.trials} trials a job, {N_WORKERS} workers, batch_size 64, SQLite")
    with serve() as server, Client(server.url) as client:
        server.wait_until_ready()
        for sampler in arguments.samplers:
            # Other functions rather than repeats: a known point would not be evaluated again.
            found = [
                measure(server, client, sampler, function, arguments.trials)
                for function in FUNCTIONS
            ]
            wall, used = [list(column) for column in zip(*found, strict=True)]
            line = f"{sampler:<10} wall {spread(wall, 'ms/trial')}, "
            line += f"dispatcher CPU {spread(used, 'ms/trial')}"
            print(f"{line}  {judge(statistics.median(wall), TARGET_MS, 'ms')}")


if __name__ == "__main__":
    main()
