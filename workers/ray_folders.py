"""Folders of local Rays: one for each, removed when it has ended.

Each start of Ray leaves a folder of sockets and logs behind. Those of dispatchers lie in a
directory that no other Ray uses. The process that starts Ray holds a lock (flock) on its folder,
which the kernel releases when the process ends in any way; so the next start recognises the
folders of dead processes. It kills the Ray processes that are left, and removes the folders except
the newest, whose logs may show the cause of death.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

LOG = structlog.get_logger(__name__)
# Longest path of a folder, bytes: the paths of Ray's Unix sockets in it may have 107 bytes.
MAX_BYTES = 43
N_KEPT = 1
_NAME_CHARS = 8
# Names of Ray's processes in /proc/pid/comm, which holds at most 15 bytes.
_NAMES = ("ray::", "raylet", "gcs_server")


class RayFolder:
    """A folder for this process's Ray; folders of dead processes are removed first.

    Args:
        root: The directory of such folders, see `root_of_user`.

    Raises:
        OSError: The disk refuses, or the directory is another user's.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root = root if root is not None else root_of_user()
        with _alone(root):
            _sweep(root)
            self.path = Path(tempfile.mkdtemp(dir=root, prefix=""))
            self._lock: int | None = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        """Remove the folder with all that Ray wrote, after its end; again, it does nothing."""
        if self._lock is None:
            return
        with suppress(OSError), _alone(self._root):  # a process that starts now reads all folders
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)
        self._lock = None


def root_of_user() -> Path:
    """Return the directory of this user's folders: in $TMPDIR, or in /tmp if that is too long."""
    name = f"densearch-ray-{os.getuid()}"
    root = Path(tempfile.gettempdir()) / name
    is_short = len(os.fsencode(root)) + 1 + _NAME_CHARS <= MAX_BYTES
    return root if is_short else Path("/tmp") / name  # noqa: S108 - made private below


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Lock the directory, so that no process sees a folder before it is locked."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(root, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        if os.fstat(descriptor).st_uid != os.getuid():
            raise PermissionError(1, "is another user's", str(root))
        os.fchmod(descriptor, 0o700)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sweep(root: Path) -> None:
    dead = [path for path in root.iterdir() if path.is_dir() and _is_dead(path)]
    dead.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in dead:
        for pid in end_processes(path):
            LOG.warning("killed a process of an earlier Ray", pid=pid)
    for path in dead[N_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
    if dead:
        LOG.info(
            "the Ray of an earlier server was not shut down; its logs are kept",
            folder=str(dead[0]),
        )


def _is_dead(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def end_processes(folder: Path) -> list[int]:
    """Kill the Ray processes that have files of this folder open; return their ids."""
    ended: list[int] = []
    for process in Path("/proc").iterdir():
        with suppress(OSError):  # it has ended, or is another user's
            if process.name.isdigit() and _is_rays(process, folder):
                os.kill(int(process.name), signal.SIGKILL)
                ended.append(int(process.name))
    return ended


def _is_rays(process: Path, folder: Path) -> bool:
    name = (process / "comm").read_text().strip()
    is_python = name.startswith("python") and b"/ray/" in (process / "cmdline").read_bytes()
    if not (is_python or name.startswith(_NAMES)):
        return False
    return any(_target(link).startswith(f"{folder}/") for link in (process / "fd").iterdir())


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""
