"""Trials as files: python -m benchmarks.data_out [--trials 100000] [--database FILE].

A job is written into a fresh database on SQLite (or the job 1 of a given one is read), and all of
its trials are answered by the application, without a network, in each format. Printed are the
seconds, the bytes, and how much memory the process held at most beyond what it held before; of
Parquet the most that the process which writes it held, too. Each format is asked in a process of
its own. The seconds of a fixed loop of Python are printed as well: they say how busy the machine
was.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import structlog

from benchmarks.machine import describe

TARGET_S, TARGET_MB = 10.0, 100.0
FORMS = ("csv", "parquet", "ndjson")


def main() -> None:
    """Print a line for each format."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--database", type=Path, help="has the job 1 already")
    parser.add_argument("--form", choices=FORMS, help="only this format, in this process")
    given = parser.parse_args()
    if given.form:
        _measure(given.database, given.form)
        return
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        path = given.database or _filled(Path(folder) / "densearch.db", given.trials)
        print(f"targets: {TARGET_S:g} s, {TARGET_MB:g} MB for 100,000 trials", flush=True)
        for form in FORMS:
            words = [sys.executable, "-m", "benchmarks.data_out", "--form", form]
            subprocess.run([*words, "--database", str(path)], check=True)


def _filled(path: Path, n_trials: int) -> Path:
    from benchmarks.large_job import fill
    from service.storage import schema
    from service.storage.database import Database

    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    fill(database, n_trials)
    database.close()
    return path


def _measure(path: Path, form: str) -> None:
    from api.app import create_app
    from service.settings import Settings
    from service.storage.database import Database

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    database = Database(f"sqlite:///{path}")
    app = create_app(Settings(data_dir=path.parent), database)
    asyncio.run(_download(app, "/v1/jobs/1/trials", b"limit=1"))  # what is loaded once
    gc.freeze()  # as the server does
    others = _OtherPeak()
    others.start()
    before = _peak_mb()
    started, used = time.perf_counter(), time.process_time()
    n_bytes = asyncio.run(_download(app, "/v1/jobs/1/trials", f"format={form}".encode()))
    took_s, own_s = time.perf_counter() - started, time.process_time() - used
    more = _peak_mb() - before
    other = others.mb
    aside = f", {other:.0f} MB in the process that writes" if other else ""
    print(
        f"{form:8} {took_s:6.1f} s ({own_s:.1f} s CPU here), {n_bytes / 1e6:6.1f} MB, "
        f"{more:+.0f} MB at most{aside}; loop {_loop_s():.2f} s"
    )
    database.close()


async def _download(app: object, path: str, query: bytes) -> int:
    """Ask the application, and count the bytes of its answer without keeping them."""
    n_bytes, status = 0, 0
    sent, ended = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, object]:
        if not sent.is_set():
            sent.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        nonlocal n_bytes, status
        if message["type"] == "http.response.start":
            status = int(str(message["status"]))
            return
        body = message.get("body", b"")
        assert isinstance(body, bytes)
        n_bytes += len(body)
        if not message.get("more_body"):
            ended.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1:8080")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
        "state": {},
    }
    await app(scope, receive, send)  # type: ignore[operator]
    assert status == 200, status
    return n_bytes


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class _OtherPeak(threading.Thread):
    """Looks for the most memory that a process held which this one has started.

    Its own `ru_maxrss` would begin with that of this process.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.mb = 0.0

    def run(self) -> None:
        """Look every 20 ms."""
        while True:
            for child in psutil.Process().children():
                with contextlib.suppress(psutil.Error):
                    if "parquet_process" in " ".join(child.cmdline()):
                        self.mb = max(self.mb, child.memory_info().rss / 2**20)
            time.sleep(0.02)


def _loop_s() -> float:
    """Return the seconds of five sums of a million numbers: 0.1 on an idle core."""
    started = time.perf_counter()
    for _ in range(5):
        sum(range(1_000_000))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
