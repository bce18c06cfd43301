"""Where one training keeps its checkpoint, when, and which one it may continue."""

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
# A checkpoint that took so long is followed by this many times as long without one: at most 2 % of
# a training's time goes into them.
REST = 50.0


@dataclass(eq=False)
class CheckpointStore:
    """See the module.

    Attributes:
        folder: Of all checkpoints.
        digest: Of the training's course, see `service.digest.course_digest`.
        device: Where it is trained, such as "cpu".
        every_s: Seconds between two checkpoints.
        most_bytes: Of all files in the folder.
        owner: Who wrote a checkpoint, for those who clear up.
        keeps_end: Whether the state after the last epoch is kept: a training of more epochs may
            continue from it.
        say: Called with a sentence for people.
        warn: The same, of what went wrong.
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
        """Say what a checkpoint must have in common with a training that continues it."""
        return {
            "format": _FORMAT,
            "digest": self.digest,
            "versions": dict(versions()),
            "device": device_name(torch.device(self.device)),
            "precision": precision,
        }

    def find(self, precision: str) -> StoredCheckpoint | None:
        """Return the checkpoint that the training may continue, None where there is none.

        Args:
            precision: What the training computes in.
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
        """Say why the training does not continue from its checkpoint."""
        self.warn(
            f"the checkpoint {self.digest[:16]} {reason}: the training starts at its beginning"
        )

    def save(self, checkpoint: Callable[[], Checkpoint], precision: str) -> None:
        """Keep a checkpoint, in place of the last one; without room for it, say so and go on.

        Args:
            checkpoint: Makes it.
            precision: What the training computes in.
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
