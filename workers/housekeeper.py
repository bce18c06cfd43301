"""Housekeeping of a dispatcher: removes the remains of deleted jobs and rows past retention.

It runs in its own thread and in short transactions, so that no trial waits for it. Several
dispatchers may do so at the same time.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from service import clock, deletion, retention
from service.chunks import Chunks
from service.settings import Settings
from service.storage.database import Database
from workers.background import BackgroundThread

LOG = structlog.get_logger(__name__)
EVERY_S = 5.0
PRUNE_EVERY_S = 3600.0


class Housekeeper(BackgroundThread):
    """See the module.

    Args:
        settings: Names the database and the data directory.
        every_s: How often it looks for work.
    """

    def __init__(self, settings: Settings, every_s: float = EVERY_S) -> None:
        super().__init__("housekeeper")
        self._settings = settings
        self._every_s = every_s
        self._prune_at = 0.0

    def _run(self) -> None:
        # SQLite's WAL is checkpointed by the connections of the dispatcher's loop alone.
        database = Database(self._settings.resolved_database_url, is_checkpointer=False)
        chunks = Chunks(database, self._stop)
        try:
            while not self._stop.is_set():
                self._turn(chunks)
                self._pause(self._every_s)
        finally:
            database.close()

    def _turn(self, chunks: Chunks) -> None:
        try:
            deletion.sweep(chunks, self._settings.data_dir)
            if self._settings.keep_days is not None and time.monotonic() >= self._prune_at:
                self._prune(chunks, self._settings.keep_days)
        except (DBAPIError, OSError) as error:
            reason = str(getattr(error, "orig", None) or error)
            LOG.warning("housekeeping was refused; trying again", error=reason)
        except Exception:
            LOG.exception("housekeeping failed; trying again")

    def _prune(self, chunks: Chunks, keep_days: float) -> None:
        found = retention.prune(chunks, clock.now() - timedelta(days=keep_days))
        self._prune_at = time.monotonic() + PRUNE_EVERY_S
        counts = asdict(found)
        if any(counts.values()):
            LOG.info("old rows removed", **counts)
