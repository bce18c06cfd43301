"""Files of checkpoints: one for each course of training, `checkpoints/<digest>.safetensors`.

They lie in the data directory; they help only where the workers of all machines share it. Each of
them may be removed at any time: its training then starts at an earlier epoch.
"""

from __future__ import annotations

import json
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = "checkpoints"
SUFFIX = ".safetensors"
# Key of a checkpoint's description, JSON in the metadata of its safetensors header.
ABOUT = "about"
# A header lists a few tensors for each layer, and the measurements of each epoch.
MOST_HEADER_BYTES = 64 * 2**20
# The database may lie on the same disk, and must not find it full.
KEPT_FREE_BYTES = 512 * 2**20
# A file under another name is being written; when it is older than this, s, its writer has died.
ABANDONED_S = 3600.0


@dataclass(frozen=True, slots=True)
class CheckpointRule:
    """When checkpoints are kept.

    Attributes:
        every_s: Seconds between two of a training, above 0.
        most_bytes: Limit on the size of all checkpoint files together.
    """

    every_s: float
    most_bytes: int


@dataclass(frozen=True, slots=True)
class CheckpointFile:
    """A file of the folder.

    Attributes:
        path: Where it is.
        n_bytes: Its size.
        written_at: Seconds of the system's clock.
    """

    path: Path
    n_bytes: int
    written_at: float

    @property
    def is_whole(self) -> bool:
        """Whether it is a checkpoint; otherwise it is being written, or was."""
        return self.path.suffix == SUFFIX and not self.path.name.startswith(".")


def make_folder(data_dir: Path) -> None:
    """Make the folder of checkpoints; workers keep none where there is no such folder.

    Raises:
        OSError: The disk refuses.
    """
    (data_dir / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)


def path_of(folder: Path, digest: str) -> Path:
    """Return where the checkpoint of a course of training is kept."""
    return folder / f"{digest}{SUFFIX}"


def listed(folder: Path) -> Iterator[CheckpointFile]:
    """Yield the files of the folder; those that vanish meanwhile are skipped."""
    try:
        paths = list(folder.iterdir())
    except OSError:
        return
    for path in paths:
        try:
            found = path.lstat()
        except OSError:
            continue
        if stat.S_ISREG(found.st_mode):
            yield CheckpointFile(path, found.st_size, found.st_mtime)


def about(path: Path) -> dict[str, Any] | None:
    """Return a checkpoint's description; None if the file is damaged or no checkpoint."""
    try:
        with path.open("rb") as file:
            n_bytes = int.from_bytes(file.read(8), "little")
            if n_bytes > MOST_HEADER_BYTES:
                return None
            header = json.loads(file.read(n_bytes))
        found = json.loads(header["__metadata__"][ABOUT])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def make_room(folder: Path, target: Path, n_bytes: int, most_bytes: int) -> None:
    """Make room for a checkpoint: remove the oldest ones until all fit into `most_bytes`.

    Args:
        folder: Where they lie.
        target: The file that is to be written; if it exists, it stays until it is replaced.
        n_bytes: Its size.
        most_bytes: Limit on the size of all files together.

    Raises:
        OSError: There is no room, or the disk refuses.
    """
    if n_bytes > most_bytes:
        raise OSError(f"{n_bytes:,} bytes are more than all checkpoints may take ({most_bytes:,})")
    others = sorted(
        (own for own in listed(folder) if own.path != target), key=lambda own: own.written_at
    )
    excess = sum(own.n_bytes for own in others) + n_bytes - most_bytes
    for own in others:
        if excess <= 0:
            break
        if own.is_whole:
            own.path.unlink(missing_ok=True)
            excess -= own.n_bytes
    if shutil.disk_usage(folder).free < n_bytes + KEPT_FREE_BYTES:
        raise OSError("the disk is nearly full")


def remove_abandoned(folder: Path) -> None:
    """Remove the unfinished files of writers that have died."""
    before = time.time() - ABANDONED_S
    for own in listed(folder):
        if not own.is_whole and own.written_at < before:
            own.path.unlink(missing_ok=True)
