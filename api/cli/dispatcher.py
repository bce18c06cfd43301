"""The dispatcher as another process: started, watched, restarted, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import NoReturn

import structlog

from service.settings import PREFIX, Settings

log = structlog.get_logger()

# -P: a folder named workers in the user's directory must not stand in for ours.
COMMAND = (sys.executable, "-P", "-m", "workers")
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 30.0
HEALTHY_S = 60.0
PATIENCE_S = 10.0


def environment_of(settings: Settings) -> dict[str, str]:
    """Return this process's environment with the options of the command line written in."""
    names = {"DATA_DIR": str(settings.data_dir.absolute())}
    return {**os.environ, **{PREFIX + name: value for name, value in names.items()}}


def replace_process(settings: Settings) -> NoReturn:
    """Become the dispatcher: signals and exit code are its own."""
    os.execve(COMMAND[0], list(COMMAND), environment_of(settings))  # noqa: S606 - no shell wanted


class Supervisor:
    """Keeps one child process alive until `stop`; a thread waits for it.

    A child that dies is started again after 0.5 s, then twice as long each time, at most 30 s;
    one that lived for a minute starts from 0.5 s again.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        first_delay_s: float = FIRST_DELAY_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._command, self._env = list(command), env
        self._first_delay_s, self._patience_s = first_delay_s, patience_s
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_alive, name="supervisor", daemon=True)
        self.n_starts = 0

    @property
    def pid(self) -> int | None:
        """The child's process id, None while there is none."""
        return self._child.pid if self._child is not None else None

    def start(self) -> None:
        """Start the child and return at once."""
        self._thread.start()

    def _keep_alive(self) -> None:
        delay_s = self._first_delay_s
        while True:
            started = time.monotonic()
            child = self._launch()
            if child is None:
                return
            code = child.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - started > HEALTHY_S:
                delay_s = self._first_delay_s
            log.warning("the dispatcher ended; starting it again", code=code, after_s=delay_s)
            if self._stopping.wait(delay_s):
                return
            delay_s = min(2 * delay_s, LONGEST_DELAY_S)

    def _launch(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            # A session of its own: Ctrl-C reaches us alone, and we end the child in order.
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr.fileno(),
                start_new_session=True,
            )
            self.n_starts += 1
            return self._child

    def stop(self) -> None:
        """End the child: SIGTERM, and SIGKILL to its whole group when it takes over 10 s."""
        self._stopping.set()
        with self._lock:
            child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(self._patience_s)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
