"""Who may ask: names of this machine, and what counts as a body too large."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from api.middleware import guards
from api.middleware.guards import BodyLimit
from api.problems.handlers import ProblemError


def _refuse(headers: dict[bytes, bytes], *, n_chunks: int) -> tuple[int, int]:
    """Send 1,000 bytes a chunk past a limit of 1,500; return the status and the chunks read."""
    n_read, told = 0, []

    async def receive() -> Message:
        nonlocal n_read
        n_read += 1
        return {"type": "http.request", "body": b"x" * 1000, "more_body": n_read < n_chunks}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            told.append((message["status"], n_read))

    async def reader(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive()).get("more_body"):
            pass

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/jobs",
        "headers": list(headers.items()),
    }

    async def run() -> None:
        try:
            await BodyLimit(reader, 1500)(scope, receive, send)
        except ProblemError as error:  # the application's handler answers it
            told.append((error.problem.status, n_read))

    asyncio.run(run())
    return told[0]


def test_a_refused_body_is_read_to_its_end_before_the_answer() -> None:
    """Or a client that sends before it reads meets a reset connection instead of the problem."""
    assert _refuse({b"content-length": b"20000"}, n_chunks=20) == (413, 20)
    assert _refuse({}, n_chunks=20) == (413, 20)


def test_a_client_that_waits_for_leave_to_send_is_answered_at_once() -> None:
    headers = {b"content-length": b"20000", b"expect": b"100-continue"}
    assert _refuse(headers, n_chunks=20) == (413, 0)


def test_an_endless_body_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "MAX_DROPPED_BYTES", 5000)
    status, n_read = _refuse({}, n_chunks=10**9)
    assert status == 413
    assert n_read < 10
