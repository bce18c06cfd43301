"""How soon a server answers and starts work: python -m benchmarks.start_up [--repeats 5].

1. From the start of the process `densearch serve`, on an empty directory, to the first 200 of
   GET /healthz (asked every 10 ms), and to a /readyz that says yes (Ray is up, workers are warm).
2. On a warm server, from before POST /v1/jobs is sent to the `started_at` of the job's first
   trial, by this machine's clock; a function job and a training job in turn.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import threading
import time
from datetime import UTC, datetime
from typing import Any

import httpx2

from benchmarks.machine import describe, judge, spread
from benchmarks.serving import serve
from densearch.client.client import Client

TARGET_S = 2.0
FUNCTION: dict[str, Any] = {
    "task": {"kind": "function", "name": "sphere", "dimension": 2},
    "samplers": ["random"],
    "budget": {"n_trials": 2},
}
TRAINING: dict[str, Any] = {
    "task": {"kind": "denoising", "n_patches": 64},
    "network": {"kind": "dncnn", "depth": 3, "width": 4},
    "training": {"epochs": 1},
    "samplers": ["random"],
    "budget": {"n_trials": 2},
    "evaluation": {"n_seeds": 0},
}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def first_answer(port: int, answered: list[float]) -> None:
    """Ask for /healthz until it answers, and note when."""
    with httpx2.Client(trust_env=False) as http:
        while not answered:
            try:
                http.get(f"http://127.0.0.1:{port}/healthz").raise_for_status()
                answered.append(time.monotonic())
            except httpx2.HTTPError:
                time.sleep(0.01)


def measure_start() -> tuple[float, float]:
    """Start a server and return the seconds to its first answer and to its readiness."""
    port, answered = free_port(), list[float]()
    asking = threading.Thread(target=first_answer, args=(port, answered), daemon=True)
    asking.start()
    with serve(port) as server:
        asking.join(60)
        server.wait_until_ready()
        return answered[0] - server.spawned_at, time.monotonic() - server.spawned_at


def measure_first_trial(client: Client, spec: dict[str, Any]) -> float:
    """Submit a job, wait for its end and return the seconds to its first trial's start."""
    sent_at = datetime.now(UTC)
    job = client.submit(spec)
    client.wait(job["id"])
    started = [t["started_at"] for t in client.trials(job["id"]) if t["started_at"]]
    return (datetime.fromisoformat(min(started)) - sent_at).total_seconds()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(describe("uvicorn", "fastapi", "ray"))
    starts = [measure_start() for _ in range(repeats)]
    answers = [answer for answer, _ in starts]
    line = f"serve to first HTTP answer      {spread(answers, 's')}"
    print(f"{line}  {judge(statistics.median(answers), TARGET_S, 's')}")
    print(f"serve to ready dispatcher       {spread([ready for _, ready in starts], 's')}")
    with serve() as server, Client(server.url) as client:
        server.wait_until_ready()
        for title, spec in (("function", FUNCTION), ("training", TRAINING)):
            waits = [
                measure_first_trial(client, {**spec, "name": title, "seed": seed})
                for seed in range(2 * repeats)
            ]
            line = f"submission to first trial, {title:<8} {spread(waits, 's')}"
            print(f"{line}  {judge(statistics.median(waits), TARGET_S, 's')}")


if __name__ == "__main__":
    main()
