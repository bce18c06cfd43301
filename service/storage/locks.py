"""One `serve` for each data directory, and one dispatcher at a time for each SQLite file.

Two kernel locks (flock), which the kernel releases when their process ends or is killed:

- the *directory* itself is held by `serve`, by `dispatch` alone on SQLite, and by a migration of
  SQLite. Unlike a lock file it cannot be deleted to break the lock, it is the same one behind
  every symbolic link and relative path, and it need not be writable;
- `dispatcher.lock` is held by every process that dispatches from SQLite. The child of a `serve`
  that was killed holds it until it has noticed and ended, and the next child waits for that.

Child processes do not inherit a lock's descriptor: a Ray or sampler process that outlives its
dispatcher holds no lock. File systems without flock (some network ones) are not
protected, which is logged; SQLite must not lie on those anyway.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from service import clock
from service.errors import DirectoryInUseError
from service.settings import Settings
from service.storage.file_users import user_of

LOG = structlog.get_logger(__name__)
# A predecessor ends within 5 s, on a quiet machine.
WAIT_S = 15.0
_PAUSE_S = 0.05
_DISPATCHER_FILE = "dispatcher.lock"
_NOTE_FILE = "holder.json"
_UNSUPPORTED = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}

_held: set[int] = set()


def _close_in_child() -> None:
    for descriptor in _held:
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a lock, as it recorded itself; times are UTC in ISO 8601."""

    role: str
    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"`densearch {self.role}` (process {self.pid} on {self.host}, since {self.since})"


def sqlite_file(settings: Settings) -> Path | None:
    """Return the SQLite file in use, None with PostgreSQL or a database in memory."""
    url = make_url(settings.resolved_database_url)
    is_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return Path(url.database or "").absolute() if is_file else None


def hold_server(settings: Settings, wait_s: float = WAIT_S) -> ExitStack:
    """Hold the data directory as its one `serve`, until the result is closed.

    Raises:
        DirectoryInUseError: Another process held it for `wait_s` seconds.
    """
    return _hold(_directories(settings), "serve", wait_s)


def hold_dispatcher(settings: Settings, *, has_server: bool, wait_s: float = WAIT_S) -> ExitStack:
    """Hold a dispatcher's locks: none on PostgreSQL, where several share the work.

    Args:
        settings: Names the database.
        has_server: Whether the parent is a `serve`, which holds the directory.
        wait_s: How long to wait for a predecessor to end.

    Raises:
        DirectoryInUseError: Another process dispatches from this SQLite file.
    """
    file = sqlite_file(settings)
    if file is None:
        return ExitStack()
    return _hold(_places(file, has_server=has_server), "dispatch", wait_s)


def hold_migration(
    settings: Settings, *, has_server: bool = False, wait_s: float = WAIT_S
) -> ExitStack:
    """Hold a SQLite file alone, for a migration; nothing on PostgreSQL, which locks by itself.

    Call it only when there is something to migrate, since other processes must end first. This
    process must have no connection to the file during the call.

    Args:
        settings: Names the database.
        has_server: Whether this process holds the directory already, by `hold_server`.
        wait_s: How long to wait for others to end.

    Raises:
        DirectoryInUseError: A server, a dispatcher or any other program has the file open.
    """
    file = sqlite_file(settings)
    if file is None:
        return ExitStack()
    deadline = time.monotonic() + wait_s
    stack = _hold(_places(file, has_server=has_server), "db upgrade", wait_s)
    # `densearch api` holds no lock, nor do older versions: SQLite's own locks show them.
    while (pid := user_of(file)) is not None:
        if time.monotonic() > deadline:
            stack.close()
            raise DirectoryInUseError(str(file), f"process {pid}")
        time.sleep(_PAUSE_S)
    return stack


def _directories(settings: Settings) -> list[Path]:
    """Return the data directory and the one of the SQLite file: nearly always the same."""
    file = sqlite_file(settings)
    found = [settings.data_dir.absolute(), *([file.parent] if file is not None else [])]
    for directory in found:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_same = len(found) == 1 or found[0].samefile(found[1])
    return found[:1] if is_same else found


def _places(file: Path, *, has_server: bool) -> list[Path]:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = file.parent / _DISPATCHER_FILE
    return [lock] if has_server else [file.parent, lock]


def _hold(places: list[Path], role: str, wait_s: float) -> ExitStack:
    """Lock every place in this order, or none."""
    deadline = time.monotonic() + wait_s
    with ExitStack() as stack:
        for place in places:
            descriptor = _acquire(place, role, deadline)
            stack.callback(_release, place, descriptor)
        return stack.pop_all()


def _acquire(place: Path, role: str, deadline: float) -> int:
    is_waiting = False
    while (descriptor := _try(place)) is None:
        holder = _read_note(_note_of(place)) or "another process"
        if time.monotonic() > deadline:
            raise DirectoryInUseError(_directory_of(place), str(holder))
        if not is_waiting:
            LOG.warning("in use: waiting for its end", place=str(place), holder=str(holder))
            is_waiting = True
        time.sleep(_PAUSE_S)
    _held.add(descriptor)
    _write_note(_note_of(place), role)
    return descriptor


def _try(place: Path) -> int | None:
    """Return the descriptor that holds the lock, None where another process has it."""
    flags = os.O_RDONLY | os.O_DIRECTORY if place.is_dir() else os.O_RDWR | os.O_CREAT
    descriptor = os.open(place, flags | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Deleted between the two calls: the next process would open and lock a new file.
        is_ours = os.path.samestat(os.fstat(descriptor), place.stat())
    except (BlockingIOError, FileNotFoundError):
        is_ours = False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            os.close(descriptor)
            raise
        LOG.warning("this file system has no locks: see that one alone runs", place=str(place))
        is_ours = True
    if is_ours:
        return descriptor
    os.close(descriptor)
    return None


def _release(place: Path, descriptor: int) -> None:
    if place.is_dir():
        with suppress(OSError):
            _note_of(place).unlink()
    _held.discard(descriptor)
    os.close(descriptor)


def _directory_of(place: Path) -> str:
    return str(place if place.is_dir() else place.parent)


def _note_of(place: Path) -> Path:
    """Return the file that names the holder: a locked file itself, or a file in a directory."""
    return place / _NOTE_FILE if place.is_dir() else place


def _write_note(note: Path, role: str) -> None:
    """Record the holder, for the message to others; the lock does not depend on it."""
    since = clock.now().isoformat(timespec="seconds")
    text = json.dumps(asdict(Holder(role, os.getpid(), socket.gethostname(), since)))
    with suppress(OSError):
        descriptor = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)


def _read_note(note: Path) -> Holder | None:
    try:
        return Holder(**json.loads(note.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
