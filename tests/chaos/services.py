"""Processes that are kept alive, as a service manager keeps them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

RESTART_S = 0.5
PATIENCE_S = 60.0
BURIAL_S = 0.2
PR_SET_CHILD_SUBREAPER = 36
# Children that this process started itself, and waits for itself.
_OWN: set[int] = set()


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that we find all of them."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    threading.Thread(target=_bury, args=[_OWN], name="burial", daemon=True).start()


def _bury(own: set[int]) -> None:
    """Read the exit status of ended orphans, as init does; otherwise they stay zombies.

    Orphans come from services, which run in separate sessions; processes in our session are ours.
    """
    while True:
        for child in psutil.Process().children():
            with suppress(psutil.Error, ChildProcessError, ProcessLookupError):
                is_orphan = child.pid not in own and os.getsid(child.pid) != os.getsid(0)
                if is_orphan and child.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(child.pid, os.WNOHANG)
        time.sleep(BURIAL_S)


def descendants() -> list[psutil.Process]:
    """Return every living process below this one, in the order of their ids."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return sorted(found, key=lambda process: int(process.pid))


class Service:
    """A command that is started again, half a second after it ended, until `stop`.

    Args:
        name: What its log file is called after.
        command: Program and arguments.
        env: Its whole environment.
        folder: Where its log is written.
        user: Who runs it; the present user when None.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        folder: Path,
        user: str | None = None,
    ) -> None:
        self.name, self.log_path = name, folder / f"{name}.log"
        self._command, self._env, self._user = list(command), dict(env), user
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_alive, name=name, daemon=True)

    @property
    def pid(self) -> int | None:
        """The process id; None before the first start."""
        return self._child.pid if self._child is not None else None

    def start(self) -> None:
        """Start it and return at once."""
        self._thread.start()

    def _keep_alive(self) -> None:
        while (child := self._launch()) is not None:
            child.wait()
            self._stopping.wait(RESTART_S)

    def _launch(self) -> subprocess.Popen[bytes] | None:
        with self._lock, self.log_path.open("ab") as log:
            if self._stopping.is_set():
                return None
            self._child = subprocess.Popen(
                self._command,
                env=self._env,
                user=self._user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            _OWN.add(self._child.pid)
            return self._child

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it with a signal, by SIGKILL after a minute."""
        self._stopping.set()
        with self._lock:
            child = self._child
        if child is None:
            return
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGCONT)
            child.send_signal(number)
        try:
            child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
