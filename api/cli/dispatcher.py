"""Supervises the dispatcher, a child process: starts, restarts and ends it with its descendants.

A local Ray has a process of its own (`RayHead`), which outlives dispatchers that die.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import structlog

from api.cli import sessions
from densearch import bearer
from service import logs, process_limit, start_failures
from service.death import ending_of
from service.exit_codes import CLUSTER_LOST, REFUSED, UNUSABLE_SETTING
from service.redaction import secret_names
from service.settings import PREFIX, Settings

log = structlog.get_logger()

# -P: a folder named workers in the user's directory must not stand in for ours.
COMMAND = (sys.executable, "-P", "-m", "workers")
HEAD_COMMAND = (sys.executable, "-P", "-m", "workers.ray_head")
# Exit codes of a dispatcher that has lost Ray: its own, and that of the alarm where Ray hangs.
LOST = frozenset({CLUSTER_LOST, -signal.SIGALRM})
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 10.0
HEALTHY_S = 30.0
# `serve` ends within 5 s: the dispatcher gives its jobs back meanwhile, then Ray is killed.
PATIENCE_S, RAY_PATIENCE_S = 3.0, 1.0
_LOOK_S = 0.05


def environment_of(settings: Settings) -> dict[str, str]:
    """Return this process's environment with the options of the command line written in."""
    names = {"DATA_DIR": str(settings.data_dir.absolute())}
    return {**os.environ, **{PREFIX + name: value for name, value in names.items()}}


def _without_token(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the token of the API, which no dispatcher needs."""
    return {name: value for name, value in env.items() if name.upper() != bearer.VARIABLE}


def replace_process(settings: Settings) -> NoReturn:
    """Replace this process by the dispatcher, which gets its signals and sets its exit code."""
    env = _without_token(environment_of(settings))
    os.execve(COMMAND[0], list(COMMAND), env)  # noqa: S606 - no shell wanted


def supervise(settings: Settings) -> int:
    """Keep a dispatcher alive until SIGTERM or SIGINT; return the exit code.

    A dispatcher that refuses to start, for a wrong setting or database, is not restarted.
    """
    logs.configure(settings)
    supervisor = dispatcher_of(settings, final_codes=(REFUSED, UNUSABLE_SETTING))
    asked: list[int] = []
    previous = {
        number: signal.signal(number, lambda number, _: asked.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        supervisor.start()
        while not asked and supervisor.final_code is None:
            time.sleep(_LOOK_S)
        supervisor.stop()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return supervisor.final_code or 0


def dispatcher_of(
    settings: Settings, *options: str, final_codes: Container[int] = ()
) -> Supervisor:
    """Return the supervisor of a dispatcher, with a local Ray where the settings ask for one."""
    parent = ("--parent", str(os.getpid()))
    env, head = _without_token(environment_of(settings)), None
    if settings.ray_address == "local":
        # Ray asks for its token by itself only in the process that starts it.
        env.setdefault("RAY_AUTH_MODE", "token")
        without = {name: env[name] for name in env.keys() - secret_names(env)}
        head = RayHead([*HEAD_COMMAND, *parent], without)
    return Supervisor(
        [*COMMAND, *parent, *options],
        env,
        final_codes=final_codes,
        head=head,
        data_dir=settings.data_dir,
    )


class RayHead:
    """The process that keeps a local Ray, for one dispatcher after another.

    It writes Ray's address to an anonymous file, which the dispatchers inherit open.

    Args:
        command: Of the process, without the option that names the file.
        env: Its environment.
        patience_s: Seconds that it may take to end in order.
    """

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], *, patience_s: float = RAY_PATIENCE_S
    ) -> None:
        self._command, self._env, self._patience_s = list(command), env, patience_s
        self._file = os.memfd_create("ray-head")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def descriptors(self) -> tuple[int, ...]:
        """File descriptors that a dispatcher must inherit."""
        return (self._file,)

    def arguments(self) -> list[str]:
        """Start the process if it does not run; return the options that point to it."""
        if self._process is None or _has_ended(self._process):
            self._process = self._replace()
        return ["--ray-head", str(self._process.pid), str(self._file)]

    def drop(self) -> None:
        """Kill Ray, if it runs: the next dispatcher gets a new one."""
        if self._process is not None:
            sessions.kill(self._process.pid)
            self._process.wait()
            self._process = None

    def _replace(self) -> subprocess.Popen[bytes]:
        self.drop()
        os.ftruncate(self._file, 0)
        return _start([*self._command, "--file", str(self._file)], self._env, self.descriptors)

    def stop(self) -> None:
        """End Ray in order, then kill what is left of it."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGTERM)
            deadline = time.monotonic() + self._patience_s
            while not _has_ended(self._process) and time.monotonic() < deadline:
                time.sleep(_LOOK_S)
        self.drop()
        os.close(self._file)


class Supervisor:
    """Keeps one child process alive until `stop`; a thread waits for it.

    A child that lived for half a minute is restarted at once; others after 0.5 s, then after twice
    as long each time, at most 10 s. What is left of its session is killed before each restart.

    Args:
        command: Of the child.
        env: Its environment; this process's if None.
        first_delay_s: Seconds before the first restart.
        patience_s: Seconds that a child may take to end in order.
        final_codes: Exit codes after which the child is not restarted.
        head: Keeps the child's Ray; dropped when the child has lost it.
        data_dir: Where the reason is kept if a child that ends has kept none itself.

    Attributes:
        n_starts: How often the child was started.
        final_code: The exit code after which it was not restarted; None until then.
    """

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        first_delay_s: float = FIRST_DELAY_S,
        patience_s: float = PATIENCE_S,
        final_codes: Container[int] = (),
        head: RayHead | None = None,
        data_dir: Path | None = None,
    ) -> None:
        self._command, self._env, self._head = list(command), env, head
        self._first_delay_s, self._patience_s = first_delay_s, patience_s
        self._data_dir = data_dir
        self._stopping = threading.Event()
        self._lock, self._ending = threading.Lock(), threading.Lock()
        self._is_stopped = False
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_alive, name="supervisor", daemon=True)
        self._final_codes = final_codes
        self.n_starts = 0
        self.final_code: int | None = None

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
            started, began = time.monotonic(), time.time()
            child = self._launch()
            if child is None:
                return
            code = _bury(child)
            if self._stopping.is_set():
                return
            if code in self._final_codes:
                self.final_code = code
                return
            if time.monotonic() - started > HEALTHY_S:
                delay_s = 0.0
            log.warning("the dispatcher ended; starting it again", code=code, after_s=delay_s)
            if self._data_dir is not None:
                start_failures.keep(self._data_dir, _ending(code), since=began)
            if self._stopping.wait(delay_s):
                return
            delay_s = min(max(2 * delay_s, self._first_delay_s), LONGEST_DELAY_S)
            if self._head is not None and code in LOST:
                self._head.drop()

    def _launch(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            joined = self._head.arguments() if self._head is not None else []
            descriptors = self._head.descriptors if self._head is not None else ()
            self._child = _start([*self._command, *joined], self._env, descriptors)
            self.n_starts += 1
            return self._child

    def stop(self) -> None:
        """End the child: SIGTERM, and SIGKILL to its whole session when it takes too long.

        Thread safety: any thread may call it, also while another does; each returns at the end.
        """
        self._stopping.set()
        with self._ending:
            if not self._is_stopped:
                self._stop()
            self._is_stopped = True

    def _stop(self) -> None:
        with self._lock:
            child = self._child
        if child is not None and child.returncode is None:
            self._end(child)
        if self._thread.ident is not None:
            self._thread.join()
        if self._head is not None:
            self._head.stop()

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        # Not by Popen's methods: they would reap the child before its session is cleared.
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGTERM)
        self._thread.join(self._patience_s)
        if self._thread.is_alive():
            sessions.kill(child.pid)


def _ending(code: int) -> str:
    """Return a sentence for an exit code; a negative one is that of a signal."""
    if code == -signal.SIGALRM:
        return "Ray did not answer in time"
    if code == -signal.SIGABRT and (lack := process_limit.lack(1)):  # Ray aborts then
        return lack
    return f"it {ending_of(code)}: look at the server's log"


def _start(
    command: Sequence[str], env: Mapping[str, str] | None, descriptors: Sequence[int]
) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches only this process, which ends the child in order.
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        start_new_session=True,
        pass_fds=descriptors,
    )


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a child has ended; it stays a zombie, so that its session can still be cleared."""
    seen = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    return seen is not None


def _bury(child: subprocess.Popen[bytes]) -> int:
    """Wait for a child to end, kill what it leaves behind, and return its exit code.

    While the child is a zombie its number, which is its session's, cannot be another's.
    """
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    sessions.kill(child.pid)
    return child.wait()
