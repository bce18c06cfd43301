"""The cost of idle event streams: python -m benchmarks.event_streams [--streams 0 300].

`densearch api` on a new SQLite file with as many idle jobs as streams. It prints the share of a
core that the process uses without requests, and then the time to answer /healthz, requested some
50 times a second over one connection.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

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


@contextmanager
def started() -> Iterator[tuple[str, int]]:
    """Run the API alone; yield its address and its process id."""
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
            yield re.findall(r"http://\S+", first)[0], process.pid
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


def main() -> None:
    """Print the figures for each number of streams."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--streams", type=int, nargs="+", default=[0, 300])
    parser.add_argument("--seconds", type=float, default=20.0)
    args = parser.parse_args()
    print(describe("fastapi", "uvicorn"))
    with started() as (address, pid), Client(address) as client:
        job_ids = [client.submit(SPEC)["id"] for _ in range(max(args.streams))]
        for n_streams in args.streams:
            report(address, pid, job_ids[:n_streams], args.seconds)


if __name__ == "__main__":
    main()
