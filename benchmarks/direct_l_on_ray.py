"""Parallel DIRECT-L on real Ray against its simulation: python -m benchmarks.direct_l_on_ray.

A `function` job whose trials sleep, on a real server with as many Ray workers as are asked for (a
sleeping worker needs no core), beside the same study in benchmarks.simulation.
Speed-up: what one worker would take for the sequence alone, over the time from the first trial's
start to the last confirmed one's end.
"""

from __future__ import annotations

import argparse
import os
import statistics
from datetime import datetime

from benchmarks.machine import describe
from benchmarks.serving import serve
from benchmarks.simulation import Simulation
from densearch import seeds
from densearch.client.client import Client, Json
from densearch.sampler import StudyPlan
from workers import functions

TARGET = 0.10
FUNCTIONS = (("branin", 2), ("rosenbrock", 4), ("levy", 8))


def simulated(name: str, dimension: int, n_trials: int, n_workers: int) -> Simulation:
    """Return the study run by simulated workers, all trials equally long."""
    seed = seeds.derive(0, "search", "direct_l")
    plan = StudyPlan(dimension, n_trials, seed, lower_bound=0.0)
    simulation = Simulation("direct_l", plan, n_workers, 0.0, 0)
    simulation.run(lambda point: functions.evaluate(name, dimension, point))
    return simulation


def on_ray(client: Client, name: str, dimension: int, n_trials: int, sleep_s: float) -> Json:
    """Run the job; return its speed-up and its extra evaluations."""
    task = {"kind": "function", "name": name, "dimension": dimension, "sleep_s": sleep_s}
    job = client.submit(
        {
            "name": f"{name} in {dimension}",
            "task": task,
            "samplers": ["direct_l"],
            "budget": {"n_trials": n_trials},
        }
    )
    if (state := client.wait(job["id"], poll_s=0.2)["state"]) != "SUCCEEDED":
        raise RuntimeError(f"the job ended {state}")
    trials = list(client.trials(job["id"]))
    confirmed = [t for t in trials if t["number"] is not None]
    began = min(datetime.fromisoformat(t["started_at"]) for t in trials if t["started_at"])
    ended = max(datetime.fromisoformat(t["finished_at"]) for t in confirmed if t["finished_at"])
    trained_s = sum(t["training_s"] or 0.0 for t in confirmed)
    speed_up = trained_s / (ended - began).total_seconds()
    n_extra = sum(t["number"] is None for t in trials)
    return {"speed_up": speed_up, "n_extra": n_extra}


def warm_up(client: Client, n_workers: int) -> None:
    """Wait until every worker process has started: each has run some trials."""
    client.wait(
        client.submit(
            {
                "name": "warm-up",
                "task": {"kind": "function", "name": "sphere", "sleep_s": 1.0},
                "samplers": ["random"],
                "budget": {"n_trials": 4 * n_workers},
            }
        )["id"]
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--workers", type=int, nargs="+", default=[4, 8])
    parser.add_argument("--sleep", type=float, default=1.0, help="Of every trial, s.")
    arguments = parser.parse_args()
    print(describe("ray", "nlopt"))
    print(f"{arguments.trials} confirmed evaluations of {arguments.sleep:g} s")
    print("workers  function      d   on Ray   simulated   ratio   extra, Ray / simulated")
    ratios = []
    for n_workers in arguments.workers:
        os.environ["DENSEARCH_N_CPUS"] = str(n_workers)
        with serve() as server, Client(server.url) as client:
            server.wait_until_ready()
            warm_up(client, n_workers)
            for name, dimension in FUNCTIONS:
                found = on_ray(client, name, dimension, arguments.trials, arguments.sleep)
                expected = simulated(name, dimension, arguments.trials, n_workers)
                ratios.append(found["speed_up"] / expected.speed_up)
                print(
                    f"{n_workers:>7}  {name:<11} {dimension:>3} {found['speed_up']:>8.2f} "
                    f"{expected.speed_up:>11.2f} {ratios[-1]:>7.2f}   "
                    f"{found['n_extra']} / {expected.n_extra}",
                    flush=True,
                )
    worst = max(abs(1.0 - ratio) for ratio in ratios)
    verdict = "reached" if worst <= TARGET else "MISSED"
    print(f"median ratio {statistics.median(ratios):.3f}; farthest from 1: {worst:.2f}; "
          f"target {TARGET:g}: {verdict}")  # fmt: skip


if __name__ == "__main__":
    main()
