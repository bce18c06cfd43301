"""Messages of the workers, kept until the transaction that records them has committed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import structlog

from service.jobs.artifact_files import store_sheet, store_weights
from service.orchestration import results
from service.orchestration.messages import Assignment, Ended, Update
from service.storage.database import Database
from workers.checkpoints import Noted
from workers.worker import Message

LOG = structlog.get_logger(__name__)


class Inbox:
    """Updates by job, and the weights that came with the attempts' ends. Thread safety: none.

    Args:
        data_dir: The data directory, where weights are stored.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._updates: dict[int, list[Update]] = defaultdict(list)
        self._weights: dict[int, bytes] = {}

    def put(self, assignment: Assignment, message: Message) -> None:
        """Keep a message about an assignment; a note goes to the log."""
        if isinstance(message, Noted):
            log = LOG.warning if message.is_warning else LOG.info
            log(message.text, job=assignment.job_id, trial=assignment.trial_id)
            return
        if isinstance(message, tuple):
            update: Update = message[0]
            if message[1] is not None:
                self._weights[update.attempt_id] = message[1]
        else:
            update = message
        self._updates[assignment.job_id].append(update)

    def has(self, job_id: int) -> bool:
        """Whether there are updates of a job."""
        return bool(self._updates.get(job_id))

    def attempts_of(self, job_id: int) -> set[int]:
        """Return the ids of a job's attempts that have updates."""
        return {update.attempt_id for update in self._updates.get(job_id, ())}

    def updates_of(self, job_id: int) -> list[Update]:
        """Return a job's updates, with its weights and sheets stored as files.

        Raises:
            OSError: The disk refuses.
        """
        return [self._with_files(update) for update in self._updates.get(job_id, ())]

    def _with_files(self, update: Update) -> Update:
        weights = self._weights.get(update.attempt_id)
        if weights is None or not isinstance(update, Ended):
            return update
        sheet = None if update.sheet is None else store_sheet(self._data_dir, update.sheet)
        return replace(update, weights=store_weights(self._data_dir, weights), stored_sheet=sheet)

    def forget(self, job_id: int) -> None:
        """Remove a job's updates after they were recorded."""
        for update in self._updates.pop(job_id, []):
            self._weights.pop(update.attempt_id, None)

    def keep_strays(self, database: Database, ours: Collection[int]) -> None:
        """Record late results of jobs that ended or went to another dispatcher.

        Args:
            database: Where they are recorded.
            ours: The jobs that this dispatcher holds.
        """
        for job_id in self._updates.keys() - set(ours):
            results.record_late(database, self._updates[job_id])
            self.forget(job_id)
