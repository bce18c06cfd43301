"""The cost of event streams and of requests: python -m benchmarks.event_streams [--streams 0 300].

`densearch api` on a new SQLite file with as many idle jobs as streams. It prints the share of a
core that the process uses without requests, and then the time to answer /healthz, requested some
50 times a second over one connection.

With ``--rate 100`` instead: `densearch serve` trains a job, with as many streams open on it as the
first of ``--streams``, while each of four addresses of the job is requested at that rate, whether
or not earlier answers are there. Times count from the moment a request was due, after a second of
requests that do not count. Then it compares how many trainings end without requests, with them,
and with the same requests to a server that only answers, since the sender of the requests takes
time of the same cores: in ``--rounds`` that have each in turn, as means with 95 % intervals.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import math
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from scipy import stats

from benchmarks import fixed_answers, serving
from benchmarks.machine import describe, judge
from benchmarks.serving import cpu_s
from densearch.client.client import Client
from service.settings import Settings
from service.storage import schema
from service.storage.database import Database

TARGET_SHARE, TARGET_MS = 0.10, 100.0
PROBE_S = 0.02
SPEC = {
    "name": "idle",
    "seed": 0,
    "task": {"kind": "function", "name": "sphere", "dimension": 2},
    "samplers": ["random"],
    "budget": {"n_trials": 4},
}
# Trains for longer than the figures take.
TRAINING = {
    "name": "at work",
    "task": {"kind": "classification", "dataset": "digits"},
    "network": {"kind": "small_cnn", "depth": 2, "width": 8},
    "training": {"epochs": 4},
    "samplers": ["random"],
    "budget": {"n_trials": 5000},
}
ADDRESSES = (
    "/v1/jobs/{job}",
    "/v1/jobs/{job}/trials?limit=50",
    "/jobs/{job}",
    "/jobs/{job}/trials",
)
N_CONNECTIONS = 32
WARM_UP_S = 15.0


@contextmanager
def started() -> Iterator[tuple[str, int, str]]:
    """Run the API alone; yield its address, its process id, and the folder of its data."""
    with tempfile.TemporaryDirectory(prefix="densearch-bench-") as folder:
        database = Database(Settings(data_dir=Path(folder)).resolved_database_url)
        schema.upgrade(database)
        database.close()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "api.cli.main", "api", "--port=0", "--data-dir", folder],
            env={**os.environ, "DENSEARCH_LOG_LEVEL": "ERROR", "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            first = process.stdout.readline() if process.stdout else ""
            yield re.findall(r"http://\S+", first)[0], process.pid, folder
        finally:
            process.terminate()
            process.communicate(timeout=30)


def listen(address: str, job_id: int) -> socket.socket:
    """Open a stream and wait until it has sent the existing events."""
    parts = urlsplit(address)
    stream = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)
    request = f"GET /v1/jobs/{job_id}/events HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
    stream.sendall(request.encode())
    seen = b""
    while b"QUEUED" not in seen:
        seen += stream.recv(65536)
    return stream


def share_of(pid: int, seconds: float) -> float:
    """Return the share of a core that a process takes over some seconds."""
    before, began = cpu_s(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(pid) - before) / (time.monotonic() - began)


def probe(address: str, seconds: float) -> list[float]:
    """Return the times to answer /healthz, ms."""
    found, end = [], time.monotonic() + seconds
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    while time.monotonic() < end:
        asked = time.monotonic()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        found.append(1000 * (time.monotonic() - asked))
        time.sleep(PROBE_S)
    connection.close()
    return found


def report(address: str, pid: int, job_ids: list[int], seconds: float) -> None:
    """Print the cost of a stream for each id."""
    with ExitStack() as stack:
        for job_id in job_ids:
            stack.enter_context(listen(address, job_id))
        share, times = share_of(pid, seconds), probe(address, seconds)
    p99 = statistics.quantiles(times, n=100)[98]
    print(f"{len(job_ids)} idle streams, {seconds:g} s each:")
    print(f"  share of a core: {share:.1%} ({judge(100 * share, 100 * TARGET_SHARE, '%')})")
    shown = f"p50 {statistics.median(times):.1f}, p99 {p99:.1f}, max {max(times):.1f} ms"
    print(f"  /healthz: {shown}, n = {len(times)} ({judge(p99, TARGET_MS, 'ms')})")


def size_of(address: str, path: str) -> int:
    """Return how many bytes the body of an answer has."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("GET", path)
    n_bytes = len(connection.getresponse().read())
    connection.close()
    return n_bytes


def due(address: str, paths: Sequence[str], rate: float, seconds: float) -> list[float]:
    """Return the times of answers to requests at a rate, from when each was due, ms.

    The paths are requested in turn.
    """
    began, turns = time.monotonic() + 0.1, itertools.count()
    n, found, lock = int(rate * seconds), [0.0] * int(rate * seconds), threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        while True:
            with lock:
                turn = next(turns)
            if turn >= n:
                connection.close()
                return
            at = began + turn / rate
            time.sleep(max(0.0, at - time.monotonic()))
            connection.request("GET", paths[turn % len(paths)])
            connection.getresponse().read()
            found[turn] = 1000 * (time.monotonic() - at)

    threads = [threading.Thread(target=work) for _ in range(N_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def loaded(n_streams: int, rate: float, seconds: float, n_rounds: int) -> None:
    """Print the times of answers about a job at work, and what its trainings lose by them."""
    with serving.serve() as server, Client(server.url) as client, ExitStack() as stack:
        server.wait_until_ready()
        control = stack.enter_context(fixed_answers.served())
        job_id = client.submit(TRAINING)["id"]
        for _ in range(n_streams):
            stack.enter_context(listen(server.url, job_id))
        time.sleep(WARM_UP_S)
        idle = share_of(server.pid, seconds)
        print(f"{n_streams} streams, no requests: {idle:.1%} of a core")
        print(f"{n_streams} streams, {rate:g} requests a second, {seconds:g} s for each address:")
        paths = [path.format(job=job_id) for path in ADDRESSES]
        for path in paths:
            due(server.url, [path], rate, 1.0)  # its templates are read once after a start
            before = cpu_s(server.pid)
            times = due(server.url, [path], rate, seconds)
            cpu_ms = 1000 * (cpu_s(server.pid) - before) / len(times)
            p99 = statistics.quantiles(times, n=100)[98]
            figures = f"p50 {statistics.median(times):.1f}, p99 {p99:.1f} ms, CPU {cpu_ms:.1f} ms"
            print(f"  {path}: {figures} a request, n = {len(times)} ({judge(p99, 100.0, 'ms')})")
        fixed = [f"/{size_of(server.url, path)}" for path in paths]
        works: dict[str, Callable[[], object]] = {
            "alone": lambda: time.sleep(seconds),
            "requests": lambda: due(server.url, paths, rate, seconds),
            "control": lambda: due(control, fixed, rate, seconds),
        }
        report_lost(client, job_id, works, n_rounds)


def report_lost(
    client: Client, job_id: int, works: Mapping[str, Callable[[], object]], n_rounds: int
) -> None:
    """Print how many trainings end during each work, in rounds that have every work in turn."""
    per_minute: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(n_rounds):
        for name in (list(works), list(works)[::-1])[turn % 2]:
            per_minute[name].append(_ended_a_minute(client, job_id, works[name]))
    print(f"  trainings: {statistics.mean(per_minute['alone']):.0f} a minute alone")
    for name, other, shown in (
        ("control", "alone", "a server that only answers, against none"),
        ("requests", "control", "the service, against a server that only answers"),
        ("requests", "alone", "the service, against none"),
    ):
        pairs = zip(per_minute[name], per_minute[other], strict=True)
        logs = [math.log(ended / before) for ended, before in pairs]
        half = stats.t.ppf(0.975, n_rounds - 1) * statistics.stdev(logs) / math.sqrt(n_rounds)
        middle = statistics.mean(logs)
        low, best, high = (math.exp(middle + off) - 1 for off in (-half, 0.0, half))
        print(f"    {shown}: {best:+.1%} [{low:+.1%}, {high:+.1%}], {n_rounds} rounds")


def _ended_a_minute(client: Client, job_id: int, work: Callable[[], object]) -> float:
    began, before = time.monotonic(), client.job(job_id)["progress"]["n_evaluated"]
    work()
    n_ended = client.job(job_id)["progress"]["n_evaluated"] - before
    return float(60 * n_ended / (time.monotonic() - began))


def main() -> None:
    """Print the figures for each number of streams."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[0, 300])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, help="requests a second next to a training job")
    parser.add_argument("--rounds", type=int, default=8, help="at least 2")
    args = parser.parse_args()
    print(describe("fastapi", "uvicorn"))
    if args.rate is not None:
        loaded(args.streams[0], args.rate, args.seconds, args.rounds)
        return
    with started() as (address, pid, _), Client(address) as client:
        job_ids = [client.submit(SPEC)["id"] for _ in range(max(args.streams))]
        for n_streams in args.streams:
            report(address, pid, job_ids[:n_streams], args.seconds)


if __name__ == "__main__":
    main()
