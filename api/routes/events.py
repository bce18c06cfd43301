"""The events of a job as a resumable stream of server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi import Query as FromQuery
from fastapi.responses import Response, StreamingResponse
from fastapi.sse import EventSourceResponse, format_sse_event
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.context import InDatabase, InFeed
from api.event_feed import EventFeed
from api.paging import MAX_ID, Id, Query
from api.problems.handlers import documented
from service.storage import events, jobs
from service.storage.database import Database

router = APIRouter(prefix="/v1", tags=["events"])

LastId = Annotated[int, Field(ge=0, le=MAX_ID)]


class EventsQuery(Query):
    """Where the stream begins, for clients that cannot set the header."""

    last_event_id: LastId | None = None


@router.get(
    "/jobs/{job_id}/events",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
        204: {"description": "The job has ended, and there is nothing after that event."},
        **documented(404, 422),
    },
)
async def stream_events(
    database: InDatabase,
    feed: InFeed,
    job_id: Id,
    query: Annotated[EventsQuery, FromQuery()],
    last_event_id: Annotated[LastId | None, Header()] = None,
) -> Response:
    """Stream the events of a job, from the first one or from the one after Last-Event-ID.

    Events: `job` {state, waits_for}, `study`, `trial`, `measurement`. The stream ends after the
    events of a final state; a client that reconnects then gets 204, which ends an EventSource.
    It also ends when the server does; a client then reconnects with Last-Event-ID.
    """
    # The header takes precedence: a browser adds it when it reconnects to its first address.
    start = last_event_id if last_event_id is not None else query.last_event_id or 0
    if await run_in_threadpool(_is_over, database, job_id, start):
        return Response(status_code=204, headers={"cache-control": "no-store"})
    return EventSourceResponse(
        _stream(feed, job_id, start),
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


def _is_over(database: Database, job_id: int, last_id: int) -> bool:
    """Whether the job has ended and has no event above `last_id`."""
    with database.read() as session:
        is_final = jobs.get(session, job_id).state.is_final
        return is_final and not events.after(session, job_id, last_id, 1)


async def _stream(feed: EventFeed, job_id: int, last_id: int) -> AsyncIterator[bytes]:
    yield format_sse_event(retry=2000)
    async for chunk in feed.follow(job_id, last_id):
        yield chunk
