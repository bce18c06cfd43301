"""A real `densearch serve` on a free loopback port and a directory of its own, for measuring."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from densearch.client.client import Client, ClientError, UnreachableError

START_TIMEOUT_S = 120.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A server that was started here.

    Attributes:
        url: Its address.
        pid: Process id of the API.
        spawned_at: `time.monotonic()` before the process was made.
        data_dir: Where its database is.
    """

    url: str
    pid: int
    spawned_at: float
    data_dir: Path

    def wait_until_ready(self) -> None:
        """Return once database, migrations and dispatcher are ready."""
        deadline = time.monotonic() + START_TIMEOUT_S
        with Client(self.url) as client:
            while True:
                try:
                    if client.readiness()[0]:
                        return
                except (UnreachableError, ClientError):
                    pass
                if time.monotonic() > deadline:
                    raise TimeoutError("no dispatcher became ready")
                time.sleep(0.1)

    def dispatcher_pid(self) -> int:
        """Return the process id of the dispatcher."""
        found = [pid for pid in children_of(self.pid) if "workers" in command_of(pid)]
        return found[0]


@contextmanager
def serve(port: int = 0) -> Iterator[Server]:
    """Run a server; its data and its log are gone afterwards.

    Yields:
        The server as soon as it has told its address.
    """
    with tempfile.TemporaryDirectory(prefix="densearch-bench-") as folder:
        log, data_dir = Path(folder) / "server.log", Path(folder) / "data"
        spawned_at = time.monotonic()
        with log.open("wb") as out:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "api.cli.main", "serve"),
                    *("--port", str(port), "--data-dir", str(data_dir)),
                ],
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield Server(_address(process, log), process.pid, spawned_at, data_dir)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"dashboard and API at (http://\S+)", log.read_text(errors="replace"))
        if found:
            return found[1]
        time.sleep(0.005)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")


# Processes, as /proc tells


def _stat(pid: int) -> list[str]:
    """Return the fields after the name; [1] is the parent, [11] and [12] are CPU ticks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def command_of(pid: int) -> str:
    """Return a process's command line, "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


def children_of(pid: int) -> list[int]:
    """Return the process ids of a process's children."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if int(_stat(int(entry.name))[1]) == pid:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def descendants_of(pid: int) -> list[int]:
    """Return the process ids of a process's children, their children and so on."""
    found = children_of(pid)
    return found + [below for child in found for below in descendants_of(child)]


def cpu_s(pid: int) -> float:
    """Return the CPU time that a process's threads have used, s."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def peak_bytes(pid: int) -> int:
    """Return a process's highest resident set so far, bytes; 0 when it is gone."""
    return _status_bytes(pid, "VmHWM")


def resident_bytes(pid: int) -> int:
    """Return a process's resident set, bytes; 0 when it is gone."""
    return _status_bytes(pid, "VmRSS")


def _status_bytes(pid: int, name: str) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"{name}:\s+(\d+) kB", text)
    return int(found[1]) * 1024 if found else 0
