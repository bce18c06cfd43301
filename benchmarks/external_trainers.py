"""Latency for trainers outside: python -m benchmarks.external_trainers [--trainers 32].

The API of one process and a dispatcher without Ray, on SQLite and on PostgreSQL. The trainers are
threads of a few processes of their own, each with a connection that stays open: each claims a
trial, reports three epochs and its value, with a pause before each, until all have sent what is
asked for. It prints the duration of an ask that finds a trial, of a report and of a tell; before
that, of a request that does nothing, at the same rate: the floor of this machine and its load.
It also prints the CPU time of the API and of the dispatcher, which a busy machine changes little.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.machine import describe
from benchmarks.serving import Server, cpu_s, serve
from densearch.client.client import Client, Json
from tests.assets.databases.make import postgresql

MEDIAN_S, P99_S = 0.010, 0.050
N_EPOCHS = 3
# Requests of a trial: an ask, the reports and a tell.
N_CALLS = N_EPOCHS + 2
SPEC: Json = {
    "name": "trainers",
    "task": {"kind": "external", "metric": "loss", "kernel_size": 5, "epochs": N_EPOCHS},
    "samplers": ["random"],
    "controls": [],
    "budget": {"n_trials": 100_000},
    "evaluation": {"n_seeds": 0},
}
Seconds = Mapping[str, list[float]]


@dataclass(frozen=True)
class Load:
    """What a process of trainers does.

    Attributes:
        url: The server's.
        job_id: Whose trials; None sends requests that do nothing.
        numbers: The trainers of this process.
        n_trainers: Of all processes.
        n_trials: Of each trainer.
        pause_s: Before each call.
    """

    url: str
    job_id: int | None
    numbers: range
    n_trainers: int
    n_trials: int
    pause_s: float


class Trainers:
    """Threads that train nothing, as fast as the server lets them, or every `pause_s` s."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self.seconds: dict[str, list[float]] = defaultdict(list)
        work = self._idle if load.job_id is None else self._train
        self._threads = [threading.Thread(target=work, args=(i,)) for i in load.numbers]

    def run(self) -> None:
        """Let all trainers do their trials."""
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()

    @contextmanager
    def _connected(self, number: int) -> Iterator[http.client.HTTPConnection]:
        time.sleep(self._load.pause_s * number / self._load.n_trainers)
        connection = http.client.HTTPConnection(urlsplit(self._load.url).netloc)
        connection.connect()
        yield connection
        connection.close()

    def _idle(self, number: int) -> None:
        with self._connected(number) as connection:
            for _ in range(self._load.n_trials * N_CALLS):
                self._timed(connection, "nothing", "GET", "/healthz")
                time.sleep(self._load.pause_s)

    def _train(self, number: int) -> None:
        ask = f"/v1/jobs/{self._load.job_id}/ask"
        with self._connected(number) as connection:
            done = 0
            while done < self._load.n_trials:
                answer = self._timed(connection, "ask", "POST", ask, {})
                if answer["trials"]:
                    self._one(connection, answer["trials"][0])
                    done += 1
                else:
                    self.seconds["ask without a trial"].append(self.seconds["ask"].pop())
                    time.sleep(0.05)

    def _one(self, connection: http.client.HTTPConnection, trial: Json) -> None:
        at, token = f"/v1/trials/{trial['id']}", {"token": trial["token"]}
        for epoch in range(1, N_EPOCHS + 1):
            time.sleep(self._load.pause_s)
            body = {**token, "epoch": epoch, "value": 1.0 / epoch}
            self._timed(connection, "report", "POST", f"{at}/report", body)
        time.sleep(self._load.pause_s)
        self._timed(connection, "tell", "POST", f"{at}/tell", {**token, "value": 0.3})

    def _timed(
        self,
        connection: http.client.HTTPConnection,
        what: str,
        method: str,
        path: str,
        body: Json | None = None,
    ) -> Json:
        sent = None if body is None else json.dumps(body)
        started = time.perf_counter()
        connection.request(method, path, sent, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        self.seconds[what].append(time.perf_counter() - started)
        if response.status != http.client.OK:
            raise RuntimeError(f"{what}: {response.status} {text.decode()}")
        answer: Json = json.loads(text)
        return answer


def timed_calls(load: Load) -> dict[str, list[float]]:
    """Return the seconds of all calls of one process's trainers."""
    trainers = Trainers(load)
    trainers.run()
    return dict(trainers.seconds)


def run_all(server: Server, arguments: argparse.Namespace, job_id: int | None) -> Seconds:
    """Let all trainers do their trials; return the seconds of their calls."""
    n, n_processes = arguments.trainers, arguments.processes
    loads = [
        Load(server.url, job_id, range(i, n, n_processes), n, arguments.trials, arguments.pause)
        for i in range(n_processes)
    ]
    seconds: dict[str, list[float]] = defaultdict(list)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_processes, mp_context=spawn) as pool:
        for found in pool.map(timed_calls, loads):
            for what, some in found.items():
                seconds[what] += some
    return seconds


def shown(seconds: Seconds, backend: str) -> Iterator[str]:
    """Yield a line for each call."""
    for what, some in sorted(seconds.items()):
        middle, p99 = statistics.median(some), statistics.quantiles(some, n=100)[-1]
        verdict = "met" if middle <= MEDIAN_S and p99 <= P99_S else "missed"
        figures = f"median {1e3 * middle:6.1f} ms, p99 {1e3 * p99:6.1f} ms, n = {len(some)}"
        yield f"{backend:10} {what:20} {figures}  {verdict}"


def measure(server: Server, arguments: argparse.Namespace, backend: str) -> None:
    """Run the trainers against a server and print the figures."""
    with Client(server.url) as client:
        job_id = client.submit(SPEC)["id"]
        while client.job(job_id)["state"] != "RUNNING":
            time.sleep(0.1)
    for line in shown(run_all(server, arguments, None), backend):
        print(line)
    pids = {"API": server.pid, "dispatcher": server.dispatcher_pid()}
    before, started = {name: cpu_s(pid) for name, pid in pids.items()}, time.monotonic()
    seconds = run_all(server, arguments, job_id)
    elapsed_s, n_calls = time.monotonic() - started, sum(map(len, seconds.values()))
    for line in shown(seconds, backend):
        print(line)
    for name, pid in pids.items():
        used_s = cpu_s(pid) - before[name]
        each = f"{1e3 * used_s / n_calls:.2f} ms a call, {used_s / elapsed_s:.0%} of a core"
        print(f"{backend:10} CPU of the {name}: {each}; {n_calls / elapsed_s:.0f} calls a second")
    print(f"{backend:10} load now {os.getloadavg()[0]:.1f}", flush=True)


def main() -> None:
    """Print the figures on both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trainers", type=int, default=32)
    parser.add_argument("--processes", type=int, default=4, help="that the trainers are in")
    parser.add_argument("--trials", type=int, default=10, help="of each trainer")
    parser.add_argument("--pause", type=float, default=1.0, help="s of an epoch")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="only this one")
    arguments = parser.parse_args()
    os.environ["DENSEARCH_RAY_ADDRESS"] = "none"
    print(describe("sqlalchemy", "psycopg"))
    if arguments.database != "postgresql":
        with serve() as server:
            measure(server, arguments, "SQLite")
    if arguments.database == "sqlite":
        return
    with tempfile.TemporaryDirectory() as folder, postgresql(Path(folder)) as url:
        os.environ["DENSEARCH_DATABASE_URL"] = url
        with serve() as server:
            measure(server, arguments, "PostgreSQL")


if __name__ == "__main__":
    main()
