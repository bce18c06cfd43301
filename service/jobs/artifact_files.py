"""Files of jobs' results, named by their content, under the data directory.

Jobs with the same content share a file, which is removed with the last of them. A step that stores
an entry must therefore exclude the removal of its file: see `held`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from service.durability import sync_names

FOLDER = "artifacts"
LOCK = ".lock"
# Holders pass it on the way to the lock, and a removal closes it: the holds of several dispatchers
# may overlap without a gap.
TURNSTILE = ".turnstile"
# How long holders wait for a removal, s, and a removal for them: meanwhile others wait for it.
HOLDER_S, REMOVAL_S = 10.0, 2.0
_PAUSE_S = 0.01


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Prevent the removal of files within the block.

    Begin it before storing a file or reading its entry; end it once the new entry is committed.
    Where the file system has no locks, or refuses the lock file, the block runs unlocked; then
    `removing` is refused, too.

    Raises:
        TimeoutError: A removal took longer than `HOLDER_S`.
    """
    with ExitStack() as stack:
        try:
            with _locked(data_dir, TURNSTILE, fcntl.LOCK_SH, HOLDER_S):
                stack.enter_context(_locked(data_dir, LOCK, fcntl.LOCK_SH, HOLDER_S))
        except TimeoutError:
            raise
        except OSError:
            pass  # unlocked, see above
        yield


@contextmanager
def removing(data_dir: Path) -> Iterator[None]:
    """Wait for all `held` blocks to end, and exclude others within this block.

    Raises:
        TimeoutError: A `held` block took longer than `REMOVAL_S`.
        OSError: The file system has no locks.
    """
    with (
        _locked(data_dir, TURNSTILE, fcntl.LOCK_EX, REMOVAL_S),
        _locked(data_dir, LOCK, fcntl.LOCK_EX, REMOVAL_S),
    ):
        yield


@contextmanager
def _locked(data_dir: Path, name: str, kind: int, wait_s: float) -> Iterator[None]:
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(lock, kind, wait_s)
        try:
            yield
        finally:  # a process forked meanwhile would keep it locked
            fcntl.flock(lock, fcntl.LOCK_UN)
    finally:
        os.close(lock)


def _lock(lock: int, kind: int, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError("the files of jobs are in use") from None
            time.sleep(_PAUSE_S)
        else:
            return


def store_weights(data_dir: Path, content: bytes) -> tuple[str, int, str]:
    """Write weights once, completely or not at all, see `_store`.

    Args:
        data_dir: The data directory.
        content: A safetensors file.

    Raises:
        OSError: The disk refuses; nothing is left behind.
    """
    return _store(data_dir, content, "safetensors")


def store_sheet(data_dir: Path, content: bytes) -> tuple[str, int, str]:
    """Write a sheet of samples as `store_weights` writes weights."""
    return _store(data_dir, content, "npz")


def store_bundle(data_dir: Path, content: bytes) -> tuple[str, int, str]:
    """Write a bundle as `store_weights` writes weights."""
    return _store(data_dir, content, "zip")


def _store(data_dir: Path, content: bytes, ending: str) -> tuple[str, int, str]:
    """Write a file that is named by its content.

    Returns:
        The path relative to `data_dir`, the size in bytes and the SHA-256.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    relative = Path(FOLDER) / sha256[:2] / f"{sha256}.{ending}"
    target = data_dir / relative
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, delete=False) as file:
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(target)
                sync_names(target.parent)  # its entry in the database outlives a power cut, too
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise
    return str(relative), len(content), sha256


def inside(data_dir: Path, path: str) -> Path | None:
    """Return a file under the data directory, None when it is missing or lies elsewhere."""
    base = data_dir.resolve()
    found = (base / path).resolve()
    return found if found.is_relative_to(base) and found.is_file() else None


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


def require(data_dir: Path, paths: Iterable[str]) -> None:
    """Raise FileNotFoundError unless there is a file for each of the paths."""
    for path in paths:
        if not (data_dir / path).is_file():
            raise FileNotFoundError(f"{path} is not in the data directory {data_dir}")
