"""The demo: a server on a free port, a job over REST, live bars, a table, files."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from api.cli import sessions
from densearch.cli.downloads import save_job
from densearch.cli.failures import REFUSED, fail
from densearch.cli.jobs import ending_of, read_job
from densearch.cli.progress_bars import follow
from densearch.cli.tables import duration
from densearch.cli.terminal import echo
from densearch.client.client import Client, Json
from service import death

EXAMPLE = Path(__file__).parents[2] / "examples" / "demo.json"
START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 4.5


def run(out: Path, job_file: Path | None, *, keep: bool, fresh: bool) -> None:
    """Run the demo. See `densearch demo --help`."""
    spec = read_job(str(job_file or EXAMPLE))
    data_dir = out / "demo-data"
    if fresh:
        shutil.rmtree(data_dir, ignore_errors=True)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)  # or the server would outlive this process
    started = time.monotonic()
    with _server(data_dir) as url, Client(url) as client:
        submitted = client.submit(spec)
        echo(f"dashboard: {url}/jobs/{submitted['id']}")
        job = follow(client, submitted["id"])
        if job["state"] != "SUCCEEDED":
            fail(f"{ending_of(job)}; the server's log is {data_dir / 'server.log'}", REFUSED)
        _conclude(client, job, out, time.monotonic() - started)
        if keep:
            echo(f"dashboard: {url}/jobs/{job['id']} (Ctrl-C ends the server)")
            _wait_for_ctrl_c()
    echo(f"to look at it again: densearch serve --data-dir {data_dir}")


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _conclude(client: Client, job: Json, out: Path, elapsed_s: float) -> None:
    cost = (job.get("report") or {}).get("cost", {})
    paths = list(save_job(client, job["id"], out))
    echo(
        f"{cost.get('trained', 0)} trainings, {cost.get('cached', 0)} known already, "
        f"{duration(elapsed_s)} in all"
    )
    echo(f"saved {len(paths)} files to {paths[0].parent}")


def _wait_for_ctrl_c() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        echo("ending the server")


@contextmanager
def _server(data_dir: Path) -> Iterator[str]:
    """Run `densearch serve` on a free port; yield its URL once it answers, then end it."""
    log_path = data_dir / "server.log"
    process: subprocess.Popen[bytes] | None = None
    try:
        with _uninterrupted():
            process = _started(data_dir, log_path)
        yield _url_of(process, log_path)
    finally:
        if process is not None:
            _stop(process)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put off signals, so that no process is started that this one does not know of."""
    put_off: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: put_off.append(number))
        for number in sessions.ENDINGS
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    for came in put_off:
        signal.raise_signal(came)


def _started(data_dir: Path, log_path: Path) -> subprocess.Popen[bytes]:
    with log_path.open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [
                *(sys.executable, "-P", "-m", "api.cli.main"),
                *("serve", "--host", "127.0.0.1", "--port", "0", "--data-dir", str(data_dir)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _url_of(process: subprocess.Popen[bytes], log_path: Path) -> str:
    """Wait for the line in which the server prints its address."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        text = log_path.read_text(encoding="utf-8", errors="replace")
        found = re.search(r"dashboard and API at (http://\S+)", text)
        if found:
            return found[1]
        if process.poll() is not None:
            lines = text.strip().splitlines() or ["it printed nothing"]
            fail(f"the server {death.ending_of(process.returncode)}: {lines[-1]}")
        if time.monotonic() > deadline:
            fail(f"the server took over {START_TIMEOUT_S:.0f} s to start; its log is {log_path}")
        time.sleep(0.05)
