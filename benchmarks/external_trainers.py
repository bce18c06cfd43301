"""Latency for trainers outside: python -m benchmarks.external_trainers [--trainers 32].

The API of one process and a dispatcher without Ray, on SQLite and on PostgreSQL. Threads of this
process are the trainers: each claims a trial, reports three epochs and its value, by HTTP, until
all have sent what is asked for. It prints the duration of an ask that finds a trial, of a report
and of a tell.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.serving import Server, serve
from densearch.client.client import Client, Json
from tests.assets.databases.make import postgresql

MEDIAN_S, P99_S = 0.010, 0.050
N_EPOCHS = 3
SPEC: Json = {
    "name": "trainers",
    "task": {"kind": "external", "metric": "loss", "kernel_size": 5, "epochs": N_EPOCHS},
    "samplers": ["random"],
    "controls": [],
    "budget": {"n_trials": 100_000},
    "evaluation": {"n_seeds": 0},
}


class Trainers:
    """Threads that train nothing, as fast as the server lets them, or every `pause_s` s."""

    def __init__(self, url: str, job_id: int, n: int, n_trials: int, pause_s: float) -> None:
        self._url, self._job_id = url, job_id
        self._n_trials, self._pause_s = n_trials, pause_s
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.n_empty = 0
        self._threads = [threading.Thread(target=self._train, args=(i,)) for i in range(n)]

    def run(self) -> None:
        """Let all trainers do their trials."""
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()

    def _train(self, number: int) -> None:
        with Client(self._url) as client:
            done = 0
            time.sleep(self._pause_s * number / len(self._threads))
            while done < self._n_trials:
                answer = self._timed(client, "ask", f"/v1/jobs/{self._job_id}/ask", {})
                if not answer["trials"]:
                    self.n_empty += 1
                    self.seconds["ask"].pop()
                    time.sleep(0.05)
                    continue
                self._one(client, answer["trials"][0])
                done += 1

    def _one(self, client: Client, trial: Json) -> None:
        at, token = f"/v1/trials/{trial['id']}", {"token": trial["token"]}
        for epoch in range(1, N_EPOCHS + 1):
            time.sleep(self._pause_s)
            body = {**token, "epoch": epoch, "value": 1.0 / epoch}
            self._timed(client, "report", f"{at}/report", body)
        time.sleep(self._pause_s)
        self._timed(client, "tell", f"{at}/tell", {**token, "value": 0.3})

    def _timed(self, client: Client, what: str, path: str, body: Json) -> Json:
        started = time.perf_counter()
        answer = client.json("POST", path, json=body)
        self.seconds[what].append(time.perf_counter() - started)
        return answer


def shown(trainers: Trainers, backend: str) -> Iterator[str]:
    """Yield a line for each call."""
    for what, seconds in sorted(trainers.seconds.items()):
        middle, p99 = statistics.median(seconds), statistics.quantiles(seconds, n=100)[-1]
        verdict = "met" if middle <= MEDIAN_S and p99 <= P99_S else "missed"
        figures = f"median {1e3 * middle:6.1f} ms, p99 {1e3 * p99:6.1f} ms, n = {len(seconds)}"
        yield f"{backend:10} {what:7} {figures}  {verdict}"
    yield f"{backend:10} asks that found no trial: {trainers.n_empty}"


def measure(server: Server, arguments: argparse.Namespace, backend: str) -> None:
    """Run the trainers against a server and print the figures."""
    with Client(server.url) as client:
        job_id = client.submit(SPEC)["id"]
        while client.job(job_id)["state"] != "RUNNING":
            time.sleep(0.1)
    given = (arguments.trainers, arguments.trials, arguments.pause)
    trainers = Trainers(server.url, job_id, *given)
    trainers.run()
    for line in shown(trainers, backend):
        print(line)


def main() -> None:
    """Print the figures on both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainers", type=int, default=32)
    parser.add_argument("--trials", type=int, default=10, help="of each trainer")
    parser.add_argument("--pause", type=float, default=1.0, help="s of an epoch")
    arguments = parser.parse_args()
    os.environ["DENSEARCH_RAY_ADDRESS"] = "none"
    print(describe("sqlalchemy", "psycopg"))
    with serve() as server:
        measure(server, arguments, "SQLite")
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder)) as url:
        os.environ["DENSEARCH_DATABASE_URL"] = url
        with serve() as server:
            measure(server, arguments, "PostgreSQL")


if __name__ == "__main__":
    main()
