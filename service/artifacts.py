"""Files that jobs leave behind, named by their content under the data directory.

Jobs with the same content share a file. It goes with the last of them, so that whoever stores an
entry must not find a file that is being removed: see `held`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

FOLDER = "artifacts"
LOCK = ".lock"


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Let no file be removed within the block.

    It begins before a file is stored or its entry read, and ends once the new entry is committed.
    Where the file system has no locks, or refuses the lock's file, the block runs without: then
    `removing` is refused, too.
    """
    lock = None
    with suppress(OSError):
        lock = _locked(data_dir, fcntl.LOCK_SH)
    try:
        yield
    finally:
        if lock is not None:
            _unlock(lock)


@contextmanager
def removing(data_dir: Path) -> Iterator[None]:
    """Wait until nobody holds the files, and let nobody within the block.

    Raises:
        OSError: The file system has no locks.
    """
    lock = _locked(data_dir, fcntl.LOCK_EX)
    try:
        yield
    finally:
        _unlock(lock)


def _locked(data_dir: Path, kind: int) -> int:
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, kind)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _unlock(lock: int) -> None:
    fcntl.flock(lock, fcntl.LOCK_UN)  # closing alone would leave it to a process forked meanwhile
    os.close(lock)


def store_weights(data_dir: Path, content: bytes) -> tuple[str, int, str]:
    """Write weights once, whole or not at all.

    Args:
        data_dir: The data directory.
        content: A safetensors file.

    Returns:
        The path relative to `data_dir`, the size in bytes and the SHA-256.

    Raises:
        OSError: The disk refuses; nothing is left behind.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    relative = Path(FOLDER) / sha256[:2] / f"{sha256}.safetensors"
    target = data_dir / relative
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, delete=False) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(target)
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise
    return str(relative), len(content), sha256


def remove(data_dir: Path, paths: Iterable[str]) -> None:
    """Remove files by the paths of their entries; one that is gone already is passed over.

    Raises:
        OSError: The disk refuses.
    """
    folder = (data_dir / FOLDER).resolve()
    for path in paths:
        found = (data_dir / path).resolve()
        if found.is_relative_to(folder):  # an entry that names another place is not followed
            found.unlink(missing_ok=True)
