"""A server of a command's own: on a free port, on a folder of its own, ended with the command."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from api.cli import sessions
from densearch.cli.failures import fail
from service import death

START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 4.5


def end_with_the_server() -> None:
    """Have signals end this process in order, or the server would outlive it."""
    sessions.handle((signal.SIGTERM, signal.SIGHUP), _end)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


@contextmanager
def private_server(data_dir: Path) -> Iterator[str]:
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
