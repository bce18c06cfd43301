"""The events of a job as a stream (server-sent events) that resumes where it broke off."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import APIRouter, Header
from fastapi import Query as FromQuery
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, format_sse_event
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.context import InDatabase, UntilEnding
from api.paging import MAX_ID, Id, Query
from api.problems import documented
from service.records import Event
from service.storage import events, jobs
from service.storage.database import Database

router = APIRouter(prefix="/v1", tags=["events"])

POLL_S = 0.25
KEEP_ALIVE_S = 10.0
BATCH = 500

LastId = Annotated[int, Field(ge=0, le=MAX_ID)]


class EventsQuery(Query):
    """Where to begin, for clients that cannot set the header."""

    last_event_id: LastId | None = None


@router.get(
    "/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
        **documented(404, 422),
    },
)
async def stream_events(
    database: InDatabase,
    ending: UntilEnding,
    job_id: Id,
    query: Annotated[EventsQuery, FromQuery()],
    last_event_id: Annotated[LastId | None, Header()] = None,
) -> EventSourceResponse:
    """Stream what happens to a job, from its first event or from the one after Last-Event-ID.

    Events: `job` {state, waits_for}, `study`, `trial`, `measurement`. The stream ends after the
    events of a final state; a client that reconnects then gets an empty stream that ends at once.
    It also ends when the server does; a client then reconnects with Last-Event-ID.
    """
    await run_in_threadpool(_check, database, job_id)
    # The header wins: a browser sends it when it reconnects to the address it began with.
    start = last_event_id if last_event_id is not None else query.last_event_id or 0
    return EventSourceResponse(
        _stream(database, job_id, start, ending),
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


def _check(database: Database, job_id: int) -> None:
    with database.read() as session:
        jobs.get(session, job_id)


def _poll(database: Database, job_id: int, last_id: int) -> tuple[list[Event], bool]:
    """Return the next events, and whether the job has ended and these are its last."""
    with database.read() as session:
        # The state is read first: events of a final state are committed with it, so that nothing
        # is missed when another transaction ends the job between the two queries.
        is_final = jobs.get(session, job_id).state.is_final
        found = events.after(session, job_id, last_id, BATCH)
    return found, is_final and len(found) < BATCH


def _written(event: Event) -> bytes:
    data = {**event.data, "at": event.created_at.isoformat()}
    return format_sse_event(data_str=json.dumps(data), event=event.kind, id=str(event.id))


async def _stream(
    database: Database, job_id: int, last_id: int, ending: threading.Event
) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=2000)
    spoke_at = time.monotonic()
    # A stream that is cut off at the end of the server would be logged as an error.
    while not ending.is_set():
        found, is_over = await run_in_threadpool(_poll, database, job_id, last_id)
        for event in found:
            last_id = event.id
            yield _written(event)
        if is_over:
            return
        if found:
            spoke_at = time.monotonic()
        elif time.monotonic() - spoke_at >= KEEP_ALIVE_S:
            spoke_at = time.monotonic()
            yield format_sse_event(comment="still here")
        if len(found) < BATCH:
            await anyio.sleep(POLL_S)
