"""What handlers work with is found without a thread: probes must answer while all are busy."""

from __future__ import annotations

import asyncio

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI, Response
from starlette.types import Message, Scope

from api.context import InDatabase, InFeed, WithSettings

PATIENCE_S = 30.0


def test_a_handler_gets_what_the_app_has_while_every_thread_is_busy() -> None:
    app, parts, seen = FastAPI(), (object(), object(), object()), []
    app.state.database, app.state.settings, app.state.feed = parts

    @app.get("/")
    async def show(database: InDatabase, settings: WithSettings, feed: InFeed) -> Response:
        seen.append((database, settings, feed))
        return Response()

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async def ask() -> None:
        limiter = current_default_thread_limiter()
        for _ in range(int(limiter.total_tokens)):
            limiter.acquire_on_behalf_of_nowait(object())
        scope: Scope = {
            "type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [],
        }  # fmt: skip
        await asyncio.wait_for(app(scope, receive, send), PATIENCE_S)

    asyncio.run(ask())
    assert sent[0]["status"] == 200
    assert seen == [parts]
