"""Checks before a process starts: its directories are writable and have free space."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

from service.errors import NoRoomError, UnusableDirectoryError
from service.settings import Settings
from service.storage import locks

# SQLite's -wal and -shm files at rest, and a little more.
DATA_BYTES = 8 * 2**20
# A local Ray's session folder with its logs; with less it does not start.
RAY_BYTES = 32 * 2**20
# Bytes written as a probe: the free space of a disk does not show quotas.
_PROBE_BYTES = 64 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)
_ANOTHER_DATA_DIR = "choose another directory with --data-dir (DENSEARCH_DATA_DIR)"
_ANOTHER_RAY_DIR = "set RAY_TMPDIR, where a local Ray keeps its session, to another directory"


def check(settings: Settings, *, writes_files: bool = False, starts_ray: bool = False) -> None:
    """Raise unless a process's directories are writable with free space; create missing ones.

    Args:
        settings: Name the data directory, the database and Ray.
        writes_files: Whether the process stores files in the data directory.
        starts_ray: Whether it starts Ray, where the settings name no cluster.

    Raises:
        UnusableDirectoryError: A directory cannot be made or written.
        NoRoomError: A disk is full, or nearly.
    """
    file = locks.sqlite_file(settings)
    places = [settings.data_dir.absolute()] if writes_files else []
    for place in dict.fromkeys([*places, *([file.parent] if file is not None else [])]):
        require(place, DATA_BYTES, _ANOTHER_DATA_DIR)
    if starts_ray and settings.ray_address == "local":
        require(ray_directory(), RAY_BYTES, _ANOTHER_RAY_DIR)


def ray_directory() -> Path:
    """Return where a local Ray puts its session folders."""
    named = (os.environ.get(name) for name in ("RAY_TMPDIR", "TMPDIR"))
    return Path(next(filter(None, named), "/tmp"))  # noqa: S108 - Ray's choice, not ours


def require(place: Path, needed_bytes: int, another: str) -> None:
    """Raise unless a directory, created if missing, has so much free space.

    Args:
        place: The directory.
        needed_bytes: Required free space, bytes.
        another: How to use another directory.

    Raises:
        UnusableDirectoryError: It cannot be created or written.
        NoRoomError: It has less free space.
    """
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(place).free >= needed_bytes:
            _probe(place)
            return
    except OSError as error:
        if error.errno not in _FULL:
            reason, remedy = error.strerror or str(error), f"make it writable, or {another}"
            raise UnusableDirectoryError(str(place), reason, remedy) from error
    free = shutil.disk_usage(_existing(place)).free
    raise NoRoomError(str(place), free, needed_bytes, f"free some space, or {another}")


def _probe(place: Path) -> None:
    with tempfile.TemporaryFile(dir=place) as probe:
        probe.write(bytes(_PROBE_BYTES))
        probe.flush()
        os.fsync(probe.fileno())


def _existing(place: Path) -> Path:
    return next(path for path in (place, *place.parents) if path.exists())
