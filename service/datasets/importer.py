"""Imports that go on without the request that brought them, in threads of the API's process."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.datasets import import_log, library
from service.datasets.options import ImportOptions
from service.datasets.progress import REPORT_EVERY_S, ImportProgress, Stage
from service.datasets.store.workspace import Workspace
from service.errors import DeadlineError, ImportLostError, ImportStoppedError
from service.records import Import, Json
from service.settings import Settings
from service.storage import datasets, deadlines, imports
from service.storage.database import Database
from service.storage.outages import patiently

# Imports use a core each for minutes: more would starve requests.
N_AT_ONCE = 2
# How long the report of progress may wait for the database: the next one follows soon.
REPORT_S = 2.0
log = structlog.get_logger("imports")


@dataclass(frozen=True, slots=True)
class HeldWorkspace:
    """A workspace for an import that is about to start.

    Attributes:
        work: The workspace.
        stack: Gives it back when it is closed; an import that starts takes it over.
    """

    work: Workspace
    stack: ExitStack


class Importer:
    """Starts imports. Thread safety: share one instance among threads.

    Args:
        database: Has the rows of imports and data sets.
        settings: Give the data directory and the limits.
        explain: Returns the problem document of an error, which the row of a failed import keeps.
        ending: Set when the process ends; imports then stop and are LOST.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        explain: Callable[[Exception], Json],
        ending: threading.Event,
    ) -> None:
        self._database, self._settings = database, settings
        self._explain, self._ending = explain, ending
        self._slots = threading.BoundedSemaphore(N_AT_ONCE)
        self._threads: dict[int, threading.Thread] = {}

    def start(
        self,
        held: HeldWorkspace,
        options: ImportOptions,
        *,
        digest: bytes | None = None,
        folder: str | None = None,
    ) -> Import:
        """Start an import, or return the running one of the same bytes and options.

        Args:
            held: The workspace, with the upload in it; the import takes it over.
            options: How to read it.
            digest: Of the uploaded bytes.
            folder: Read it in place of the upload.
        """
        key = _key_of(digest, options) if digest is not None else None
        with self._database.write() as session:
            datasets.lock(session)  # of two equal uploads at once the second finds the first
            if key and (other := import_log.joined(session, self._settings.data_dir, key)):
                return other
            found = imports.insert(
                session,
                name=options.name,
                stage=Stage.WAITING,
                workspace=held.work.name,
                key=key,
            )
        stack = held.stack.pop_all()
        # A daemon: what does not stop in time at the end of the process dies with it, and is
        # swept away by the next one.
        thread = threading.Thread(
            target=self._run,
            args=(stack, found.id, held.work, options, folder),
            name=f"import-{found.id}",
            daemon=True,
        )
        self._threads[found.id] = thread
        try:
            thread.start()
        except BaseException:  # the system has no room for a thread; the row is LOST at once
            del self._threads[found.id]
            stack.close()
            raise
        return found

    def join(self, import_id: int, patience_s: float) -> None:
        """Wait until this process has removed what an import leaves, at most so long."""
        thread = self._threads.get(import_id)
        if thread is not None:
            thread.join(max(0.0, patience_s))

    def join_all(self, patience_s: float) -> None:
        """Wait for all imports of this process, at most so long."""
        deadline = deadlines.Deadline(patience_s)
        for import_id in list(self._threads):
            self.join(import_id, deadline.left_s)

    def _run(
        self,
        stack: ExitStack,
        import_id: int,
        work: Workspace,
        options: ImportOptions,
        folder: str | None,
    ) -> None:
        # The workspace is held until the row says how the import ended.
        with stack, structlog.contextvars.bound_contextvars(import_id=import_id):
            progress = ImportProgress(partial(self._report, import_id))
            try:
                with self._slot(progress):
                    added = library.add(
                        self._database,
                        self._settings,
                        work,
                        options,
                        folder=folder,
                        progress=progress,
                        import_id=import_id,
                    )
                log.info("data set stored", dataset=added.id)
            except ImportStoppedError:
                log.info("import stopped")
            except Exception as error:  # noqa: BLE001 - whatever ends it is kept in its row
                self._end(import_id, error)
        del self._threads[import_id]

    @contextmanager
    def _slot(self, progress: ImportProgress) -> Iterator[None]:
        progress.enter(Stage.WAITING)
        while not self._slots.acquire(timeout=REPORT_EVERY_S):
            progress.reach(0)
        try:
            yield
        finally:
            self._slots.release()

    def _report(self, import_id: int, stage: Stage, n_done: int, n_total: int | None) -> None:
        if self._ending.is_set():
            raise ImportLostError
        try:
            with deadlines.within(REPORT_S), self._database.write() as session:
                is_running = imports.advance(session, import_id, stage, n_done, n_total)
        except (SQLAlchemyError, DeadlineError) as error:
            log.debug("progress was not stored", error=repr(error))
            return
        if not is_running:
            raise ImportStoppedError

    def _end(self, import_id: int, error: Exception) -> None:
        def end() -> None:
            with self._database.write() as session:
                if isinstance(error, ImportLostError):
                    imports.lose(session, import_id)
                else:
                    imports.fail(session, import_id, self._explain(error))

        try:
            patiently(end, "the end of an import")
        except Exception:
            # The process that looks next finds nobody at work on it, and marks it LOST.
            log.exception("the end of an import was not stored", reason=repr(error))


def _key_of(digest: bytes, options: ImportOptions) -> str:
    return hashlib.sha256(digest + options.model_dump_json().encode()).hexdigest()
