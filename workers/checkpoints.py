"""Checkpoint stores of a worker's trainings, and their messages for the dispatcher's log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from service.checkpoint_files import FOLDER, CheckpointRule
from service.digest import course_digest
from service.orchestration.messages import Assignment

if TYPE_CHECKING:  # torch is imported only by processes that train
    from workers.training.checkpoint_store import CheckpointStore


@dataclass(frozen=True, slots=True)
class Noted:
    """A message about an attempt, for the dispatcher's log."""

    attempt_id: int
    text: str
    is_warning: bool


class Checkpoints:
    """Creates a checkpoint store for each training.

    The dispatcher creates the folder in the data directory. If a worker does not see the folder,
    the directory is not shared, and no other worker could read a checkpoint written there.

    Args:
        data_dir: The dispatcher's data directory.
        rule: When checkpoints are written; None writes none.
    """

    def __init__(self, data_dir: str | None, rule: CheckpointRule | None) -> None:
        self._folder = Path(data_dir) / FOLDER if data_dir is not None else None
        self._rule = rule
        self._notes: list[Noted] = []
        self._warning = ""

    def store_of(self, assignment: Assignment) -> CheckpointStore | None:
        """Return a training's checkpoint store, None where no checkpoints are written."""
        if self._folder is None or self._rule is None:
            return None
        warn = partial(self._note, assignment, is_warning=True)
        if not self._folder.is_dir():
            warn(f"no checkpoints are kept: {self._folder} is missing on a worker's machine")
            return None
        from workers.training.checkpoint_store import CheckpointStore

        return CheckpointStore(
            self._folder,
            course_digest(assignment.payload, device=assignment.device),
            assignment.device,
            self._rule.every_s,
            self._rule.most_bytes,
            owner={"trial": assignment.trial_id, "training": assignment.digest},
            keeps_end=assignment.keeps_end,
            say=partial(self._note, assignment, is_warning=False),
            warn=warn,
        )

    def _note(self, assignment: Assignment, text: str, *, is_warning: bool) -> None:
        """Keep a note; a warning that each training would repeat (disk full) is kept once."""
        if is_warning and text == self._warning:
            return
        self._warning = text if is_warning else ""
        self._notes.append(Noted(assignment.attempt_id, text, is_warning))

    def take_notes(self) -> Iterator[Noted]:
        """Yield the notes since the last call."""
        while self._notes:
            yield self._notes.pop(0)
