"""The product, started as a user starts it: the installed command, each role a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from densearch.client.client import Client

DENSEARCH = str(Path(sys.executable).with_name("densearch"))


PATIENCE_S = 120.0


def environment(**settings: str) -> dict[str, str]:
    """Return this environment with no other settings of the product than these."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("DENSEARCH_")}
    return {**clean, "OMP_NUM_THREADS": "1", "COLUMNS": "160", **settings}


def densearch(*args: str, given: str | None = None, **settings: str) -> Completed:
    """Run a command to its end."""
    done = subprocess.run(
        [DENSEARCH, *args],
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=environment(**settings),
        check=False,
    )
    return Completed(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Completed:
    code: int
    out: str
    err: str


@dataclass
class Server:
    """A running `densearch serve` (or `api`) with its own data directory."""

    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)
    role: str = "serve"
    url: str = ""
    port: int = 0

    def start(self) -> None:
        self.log_path = self.data_dir / "server.log"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [DENSEARCH, self.role, "--port", str(self.port), "--data-dir", str(self.data_dir)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(**self.settings),
            )
        self.url = self._address()

    def _address(self) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            found = re.search(r"API at (http://\S+)", self.log_path.read_text())
            if found:
                return found[1]
            assert self.process.poll() is None, self.log_path.read_text()
            time.sleep(0.02)
        raise TimeoutError(self.log_path.read_text())

    def wait_until_ready(self) -> None:
        """Wait for the dispatcher's first heartbeat."""
        with Client(self.url) as client:
            deadline = time.monotonic() + PATIENCE_S
            while not client.readiness()[0]:
                assert time.monotonic() < deadline, self.log_path.read_text()
                time.sleep(0.1)

    def family(self) -> list[psutil.Process]:
        """Return the server's descendants: the dispatcher, Ray, its workers."""
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def first_family(self) -> list[psutil.Process]:
        """Wait until the server has descendants: its address is printed before it starts any."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := self.family()):
            assert time.monotonic() < deadline, self.log_path.read_text()
            time.sleep(0.02)
        return found

    def stop(self, number: int = signal.SIGINT) -> int:
        """End the server as Ctrl-C does, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def run(self, *args: str, given: str | None = None) -> Completed:
        """Run a client command against this server."""
        return densearch(*args, given=given, DENSEARCH_URL=self.url)
