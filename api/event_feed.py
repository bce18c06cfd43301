"""One poller for all event streams of this process: an idle stream costs only its keep-alive.

A turn queries the state of all followed jobs once, then reads the new events of each job once for
all streams at the same position. A stream receives one chunk at a time and the next when that is
sent, so a client that reads slowly holds one chunk in memory and later catches up from the
database; a new stream catches up in the same way.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field

import structlog
from fastapi.sse import format_sse_event
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from service.errors import DeadlineError
from service.records import JobEvent
from service.storage import events
from service.storage.database import Database
from service.storage.deadlines import within
from service.storage.events import FeedStanding

POLL_S = 0.25
RETRY_S = 1.0
READ_S = 5.0
KEEP_ALIVE_S = 10.0
BATCH = 500
KEEP_ALIVE = format_sse_event(comment="still here")

log = structlog.get_logger("api.events")


@dataclass(eq=False)
class _Listener:
    """A stream: its position, and the chunk to send next."""

    job_id: int
    last_id: int
    chunk: bytes = b""
    is_over: bool = False
    is_behind: bool = False  # there was more than one chunk of news
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_waiting(self) -> bool:
        return not self.news.is_set()

    def hand(self, chunk: bytes, last_id: int, *, is_over: bool, is_behind: bool) -> None:
        self.chunk, self.last_id = chunk, last_id
        self.is_over, self.is_behind = is_over, is_behind
        if chunk or is_over:
            self.news.set()


class EventFeed:
    """Delivers the events of jobs to the streams that follow them.

    Thread safety: none; it lives in the event loop of the server.

    Args:
        database: Read in a thread, a short transaction for each turn.
        ending: Set when the server starts to shut down: all streams then end.
    """

    def __init__(self, database: Database, ending: threading.Event) -> None:
        self._database, self._ending = database, ending
        self._listeners: set[_Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._is_failing = False

    async def follow(self, job_id: int, last_id: int) -> AsyncIterator[bytes]:
        """Yield the job's events above `last_id` as server-sent events, as they come.

        Ends after the events of a final state, with the server, and when the job is deleted. A
        comment is yielded after every `KEEP_ALIVE_S` seconds of silence.
        """
        listener = _Listener(job_id, last_id)
        self._join(listener)
        try:
            while True:
                try:
                    await asyncio.wait_for(listener.news.wait(), KEEP_ALIVE_S)
                except TimeoutError:
                    yield KEEP_ALIVE
                    continue
                if listener.chunk:
                    yield listener.chunk
                if listener.is_over:
                    return
                listener.chunk = b""
                listener.news.clear()
                if listener.is_behind:
                    self._wake.set()
        finally:
            self._listeners.discard(listener)

    def _join(self, listener: _Listener) -> None:
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._wake = asyncio.Event()
            # Not in the context of the request that happens to be first: its deadline would hold.
            self._task = asyncio.create_task(self._run(), context=Context())
        self._wake.set()

    async def _run(self) -> None:
        """Take turns while there are streams; when the turns end, so do the streams."""
        try:
            while self._listeners and not self._ending.is_set():
                self._wake.clear()
                turn = asyncio.create_task(self._turn())
                # A silent database must not prevent the streams from ending.
                while not turn.done() and not self._ending.is_set():
                    await asyncio.wait({turn}, timeout=POLL_S)
                if not turn.done():
                    turn.cancel()
                elif turn.result():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), POLL_S)
                else:
                    await asyncio.sleep(RETRY_S)
        except Exception:  # clients come back, and a task is started for them
            log.exception("event streams ended")
        finally:
            for listener in self._listeners:
                listener.hand(b"", listener.last_id, is_over=True, is_behind=False)

    async def _turn(self) -> bool:
        """Poll for new events once and deliver them; return whether the database answered."""
        groups: dict[tuple[int, int], list[_Listener]] = defaultdict(list)
        for listener in self._listeners:
            if listener.is_waiting:
                groups[listener.job_id, listener.last_id].append(listener)
        try:
            standings = await run_in_threadpool(_standings, self._database, {j for j, _ in groups})
            for (job_id, last_id), group in groups.items():
                await self._serve(job_id, last_id, standings.get(job_id), group)
        except (SQLAlchemyError, DeadlineError) as error:
            if not self._is_failing:
                log.warning("event streams wait for the database", error=type(error).__name__)
            self._is_failing = True
            return False
        self._is_failing = False
        return True

    async def _serve(
        self, job_id: int, last_id: int, standing: FeedStanding | None, group: list[_Listener]
    ) -> None:
        found: list[JobEvent] = []
        if standing is not None and standing.last_event_id > last_id:
            # After the state was read: the events of a final state are committed with it.
            found = await run_in_threadpool(_after, self._database, job_id, last_id)
        is_behind = len(found) == BATCH
        is_over = standing is None or (standing.is_final and not is_behind)
        if found:
            self._database.recent_reads.forget()  # what they announce shows in every answer
        chunk = b"".join(map(_written, found))
        for listener in group:
            listener.hand(
                chunk, found[-1].id if found else last_id, is_over=is_over, is_behind=is_behind
            )


def _standings(database: Database, job_ids: set[int]) -> dict[int, FeedStanding]:
    with within(READ_S), database.read() as session:
        return events.standings(session, job_ids)


def _after(database: Database, job_id: int, last_id: int) -> list[JobEvent]:
    with within(READ_S), database.read() as session:
        return events.after(session, job_id, last_id, BATCH)


def _written(event: JobEvent) -> bytes:
    data = {**event.data, "at": event.created_at.isoformat()}
    return format_sse_event(data_str=json.dumps(data), event=event.kind, id=str(event.id))
