"""Writes a training's checkpoints, and finds the one that it may continue from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from service import checkpoint_files
from service.digest import versions
from workers.training.checkpoint import Checkpoint, MisfitError
from workers.training.checkpoint_file import StoredCheckpoint, write
from workers.training.devices import device_name

_FORMAT = 1
# The pause after a checkpoint is at least this many times as long as writing it took, so that
# checkpoints take at most 2 % of a training's time.
REST = 50.0


@dataclass(eq=False)
class CheckpointStore:
    """See the module.

    Attributes:
        folder: The folder of all checkpoints.
        digest: Digest of the training's course, see `service.digest.course_digest`.
        device: The training's device, such as "cpu".
        every_s: Seconds between two checkpoints.
        most_bytes: Largest size of all files in the folder together.
        owner: The checkpoint's trial and training, for housekeeping.
        keeps_end: Whether to store the state after the last epoch: a training of more epochs may
            continue from it.
        say: Called with a message for the log.
        warn: Called with a warning for the log.
    """

    folder: Path
    digest: str
    device: str
    every_s: float
    most_bytes: int
    owner: Mapping[str, Any] = field(default_factory=dict)
    keeps_end: bool = False
    say: Callable[[str], None] = lambda _: None
    warn: Callable[[str], None] = lambda _: None
    _due_at: float = field(init=False)
    _trouble: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._due_at = time.monotonic() + self.every_s

    @property
    def is_due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return time.monotonic() >= self._due_at

    @property
    def _path(self) -> Path:
        return checkpoint_files.path_of(self.folder, self.digest)

    def _nature(self, precision: str) -> dict[str, Any]:
        """Return the metadata that a checkpoint and a training which continues it must share."""
        return {
            "format": _FORMAT,
            "digest": self.digest,
            "versions": dict(versions()),
            "device": device_name(torch.device(self.device)),
            "precision": precision,
        }

    def find(self, precision: str) -> StoredCheckpoint | None:
        """Return the checkpoint that the training may continue from, None if there is none.

        Args:
            precision: The training's precision.
        """
        try:
            found = StoredCheckpoint(self._path)
            _require_equal(found.about, self._nature(precision))
        except FileNotFoundError:
            return None
        except (MisfitError, OSError) as error:
            self.ignore(error)
            return None
        return found

    def ignore(self, reason: Exception) -> None:
        """Warn that the training does not continue from its checkpoint, and why."""
        self.warn(
            f"the checkpoint {self.digest[:16]} {reason}: the training starts at its beginning"
        )

    def save(self, checkpoint: Callable[[], Checkpoint], precision: str) -> None:
        """Write a checkpoint, replacing the last one; if that fails, warn and continue.

        Args:
            checkpoint: Returns the checkpoint.
            precision: The training's precision.
        """
        start = time.monotonic()
        try:
            self._save(checkpoint(), {**self._nature(precision), **self.owner})
        except (OSError, MemoryError, RuntimeError, TypeError, ValueError) as error:
            trouble = f"{type(error).__name__}: {error}"
            if trouble != self._trouble:
                self.warn(f"no checkpoint could be kept: {trouble}")
            self._trouble = trouble
        else:
            self._trouble = None
        ended = time.monotonic()
        self._due_at = ended + max(self.every_s, REST * (ended - start))

    def _save(self, checkpoint: Checkpoint, about: Mapping[str, Any]) -> None:
        n_bytes = sum(own.nbytes for own in checkpoint.tensors.values())
        checkpoint_files.make_room(self.folder, self._path, n_bytes, self.most_bytes)
        write(self._path, checkpoint, about)


def _require_equal(about: Any, nature: Mapping[str, Any]) -> None:  # noqa: ANN401 - JSON
    found = about if isinstance(about, dict) else {}
    for name, value in nature.items():
        if found.get(name) != value:
            raise MisfitError(f"is of another {name}")
