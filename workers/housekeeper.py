"""Housekeeping of a dispatcher.

It removes the remains of deleted jobs, checkpoints of ended trainings, and rows past retention.
It runs in a thread and in short transactions, so that no trial waits for it. Several dispatchers
may run it at the same time.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta

import structlog

from service import checkpoint_files, clock
from service.errors import DeadlineError
from service.jobs import attempt_logs, checkpoints, deletion, retention
from service.settings import Settings
from service.storage.chunks import Chunks
from service.storage.database import Database
from service.storage.outages import OUTAGES
from service.storage.refusals import explain
from workers.background import BackgroundThread

LOG = structlog.get_logger(__name__)
EVERY_S = 5.0
PRUNE_EVERY_S = 3600.0
CHECKPOINTS_EVERY_S = 30.0


class Housekeeper(BackgroundThread):
    """See the module.

    Args:
        settings: Gives the database and the data directory.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__("housekeeper")
        self._settings = settings
        self._prune_at = self._checkpoints_at = self._logs_at = 0.0
        # Deleted jobs whose files could not be removed the last time.
        self._left: set[int] = set()
        # Works that were refused the last time.
        self._refused: set[str] = set()
        with suppress(OSError):  # the first turn reports it
            self._make_folder()
            attempt_logs.make_folder(settings.data_dir)

    def _run(self) -> None:
        # SQLite's WAL is checkpointed by the connections of the dispatcher's loop alone.
        database = Database(self._settings.resolved_database_url, is_checkpointer=False)
        chunks = Chunks(database, self._stop)
        try:
            while not self._stop.is_set():
                self.turn(chunks)
                self._pause(EVERY_S)
        finally:
            database.close()

    def turn(self, chunks: Chunks) -> None:
        """Do what is due once; the failure of one work does not stop the others."""
        for work in (self._sweep, self._sweep_checkpoints, self._sweep_logs, self._prune):
            try:
                work(chunks)
            except (*OUTAGES, OSError, DeadlineError) as error:
                self._complain(work.__name__, error)
            except Exception:
                LOG.exception("housekeeping failed; trying again")
            else:
                self._refused.discard(work.__name__)

    def _complain(self, work: str, error: Exception) -> None:
        if work not in self._refused:
            cause = str(getattr(error, "orig", None) or error)
            LOG.warning(
                "housekeeping was refused; trying again", error=cause, reason=explain(error)
            )
        self._refused.add(work)

    def _sweep(self, chunks: Chunks) -> None:
        left = deletion.sweep(chunks, self._settings.data_dir).left
        for job_id in left.keys() - self._left:
            LOG.warning("files of a deleted job stay; trying again", id=job_id, error=left[job_id])
        self._left = set(left)

    def _make_folder(self) -> None:
        """Create the folder without which workers write no checkpoints."""
        if self._settings.checkpoint_rule is not None:
            checkpoint_files.make_folder(self._settings.data_dir)

    def _sweep_checkpoints(self, chunks: Chunks) -> None:
        if time.monotonic() < self._checkpoints_at:
            return
        self._checkpoints_at = time.monotonic() + CHECKPOINTS_EVERY_S
        self._make_folder()
        checkpoints.sweep(chunks.database, self._settings.data_dir)

    def _sweep_logs(self, chunks: Chunks) -> None:
        if time.monotonic() < self._logs_at:
            return
        self._logs_at = time.monotonic() + CHECKPOINTS_EVERY_S
        attempt_logs.make_folder(self._settings.data_dir)
        days = self._settings.keep_days
        before = clock.now() - timedelta(days=days) if days is not None else None
        attempt_logs.sweep(chunks.database, self._settings.data_dir, before)

    def _prune(self, chunks: Chunks) -> None:
        keep_days = self._settings.keep_days
        if keep_days is None or time.monotonic() < self._prune_at:
            return
        found = retention.prune(chunks, clock.now() - timedelta(days=keep_days))
        self._prune_at = time.monotonic() + PRUNE_EVERY_S
        counts = asdict(found)
        if any(counts.values()):
            LOG.info("old rows removed", **counts)
