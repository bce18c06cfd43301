"""Working folders of imports, one each; the next import removes those that a crash left.

An import holds a lock on its folder (flock, which the system releases when the process ends, by
whatever cause), so that no other import removes a folder that is still being written.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

from service.datasets.store.reader import FOLDER

_PREFIX, _LOCK = ".import-", ".lock"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder of one import.

    Attributes:
        upload: File for the bytes that were sent.
        scratch: Empty folder for what is unpacked on the way.
        made: Empty folder for the stored set.
    """

    upload: Path
    scratch: Path
    made: Path

    @property
    def name(self) -> str:
        """Its name, for `is_held`."""
        return self.made.parent.name


@contextmanager
def workspace(data_dir: Path) -> Iterator[Workspace]:
    """Give an import its folder, and remove it at the end with whatever is left in it.

    Raises:
        OSError: The disk is full, or fails.
    """
    place = data_dir / FOLDER / f"{_PREFIX}{uuid4().hex}"
    place.parent.mkdir(parents=True, exist_ok=True)
    lock: IO[bytes] | None = None
    try:
        with _among_imports(data_dir):
            place.mkdir()
            lock = _held(place / _LOCK)
        found = Workspace(place / "upload", place / "scratch", place / "made")
        found.scratch.mkdir()
        found.made.mkdir()
        yield found
    finally:
        shutil.rmtree(place, ignore_errors=True)
        if lock is not None:
            lock.close()


def is_held(data_dir: Path, name: str) -> bool:
    """Whether a process works in the workspace of that name."""
    place = data_dir / FOLDER / name
    if not place.is_dir():
        return False
    with _among_imports(data_dir):
        try:
            lock = _held(place / _LOCK, "r+b")  # it may be removed just now: nothing is made
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        lock.close()
        return False


def sweep(data_dir: Path) -> int:
    """Remove the folders of imports that ended without removing theirs; return their number."""
    if not (data_dir / FOLDER).is_dir():
        return 0
    n_removed = 0
    with _among_imports(data_dir):
        for place in (data_dir / FOLDER).glob(f"{_PREFIX}*"):
            try:
                lock = _held(place / _LOCK)
            except (BlockingIOError, FileNotFoundError):  # it lives, or was removed just now
                continue
            with lock:
                shutil.rmtree(place, ignore_errors=True)
            n_removed += 1
    return n_removed


@contextmanager
def _among_imports(data_dir: Path) -> Iterator[None]:
    """Hold the lock under which folders are made and swept."""
    with (data_dir / FOLDER / _LOCK).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _held(path: Path, mode: str = "ab") -> IO[bytes]:
    """Open a file and lock it; raise BlockingIOError if another import holds it."""
    file: IO[bytes] = path.open(mode)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file
