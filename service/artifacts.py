"""Files that jobs leave behind, named by their content under the data directory.

Jobs with the same content share a file, which is removed with the last of them. A step that stores
an entry must therefore exclude the removal of its file: see `held`.
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
    """Prevent the removal of files within the block.

    Begin it before storing a file or reading its entry; end it once the new entry is committed.
    Where the file system has no locks, or refuses the lock file, the block runs unlocked; then
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
    """Wait for all `held` blocks to end, and exclude others within this block.

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
    fcntl.flock(lock, fcntl.LOCK_UN)  # a process forked meanwhile would keep it locked
    os.close(lock)


def store_weights(data_dir: Path, content: bytes) -> tuple[str, int, str]:
    """Write weights once, completely or not at all.

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
    """Remove files by the paths of their entries; missing files are skipped.

    Raises:
        OSError: The disk refuses.
    """
    folder = (data_dir / FOLDER).resolve()
    for path in paths:
        found = (data_dir / path).resolve()
        if found.is_relative_to(folder):  # a path outside the folder is not followed
            found.unlink(missing_ok=True)
