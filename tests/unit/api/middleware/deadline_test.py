"""The deadline of an answer, around small applications."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware import deadline
from api.middleware.deadline import AnswerDeadline
from service.errors import DeadlineError
from service.storage import deadlines

LIMIT_S = 0.05
PATIENCE_S = 30.0
Application = Callable[[Receive, Send], Awaitable[None]]


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "GRACE_S", 0.0)


def answers(messages: list[Message]) -> list[int]:
    return [m["status"] for m in messages if m["type"] == "http.response.start"]


def ask(application: Application, receive: Receive | None = None, **scope: Any) -> list[Message]:
    """Serve one request; return what was sent, late messages included."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await application(receive, send)

    async def serve() -> None:
        served: ASGIApp = AnswerDeadline(app, LIMIT_S, "/uploads")
        asked = {"type": "http", "method": "GET", "path": "/", "headers": []} | scope
        await served(asked, receive or nothing, send)
        late = asyncio.all_tasks() - {asyncio.current_task()}
        if late:
            await asyncio.wait(late, timeout=PATIENCE_S)

    asyncio.run(serve())
    return sent


async def begin(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def test_what_takes_too_long_is_503_once_and_says_when_to_try_again() -> None:
    async def slow(_receive: Receive, send: Send) -> None:
        await asyncio.sleep(4 * LIMIT_S)
        await begin(send)
        await end(send)

    sent = ask(slow)
    assert answers(sent) == [503]
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"retry-after"] == b"5"
    assert b"/problems/deadline-exceeded" in sent[1]["body"]
    assert len(sent) == 2


def test_a_late_failure_is_nobodys_answer() -> None:
    async def fails(_receive: Receive, _send: Send) -> None:
        await asyncio.sleep(4 * LIMIT_S)
        raise ZeroDivisionError

    assert answers(ask(fails)) == [503]


def test_a_failure_in_time_is_passed_on() -> None:
    async def fails(_receive: Receive, _send: Send) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(fails)


def test_an_answer_that_has_begun_takes_its_time() -> None:
    async def streams(_receive: Receive, send: Send) -> None:
        await begin(send)
        assert deadlines.left_s() == math.inf
        await asyncio.sleep(4 * LIMIT_S)
        await end(send)

    sent = ask(streams)
    assert answers(sent) == [200]
    assert len(sent) == 2


def test_the_time_that_a_client_takes_is_not_counted() -> None:
    n_parts = 4

    async def part() -> Message:
        nonlocal n_parts
        await asyncio.sleep(2 * LIMIT_S)
        n_parts -= 1
        return {"type": "http.request", "body": b"x", "more_body": n_parts > 0}

    async def reads(receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        assert 0 < deadlines.left_s() <= LIMIT_S
        await begin(send)
        await end(send)

    assert answers(ask(reads, part)) == [200]


def test_uploads_have_no_deadline() -> None:
    async def stores(_receive: Receive, send: Send) -> None:
        assert deadlines.left_s() == math.inf
        await asyncio.sleep(4 * LIMIT_S)
        await begin(send)
        await end(send)

    assert answers(ask(stores, method="POST", path="/uploads")) == [200]
    with pytest.raises(AssertionError):
        ask(stores, method="GET", path="/uploads")


def test_work_sees_the_deadline_and_begins_nothing_after_it() -> None:
    async def works(_receive: Receive, send: Send) -> None:
        assert 0 < deadlines.left_s() <= LIMIT_S
        await asyncio.sleep(2 * LIMIT_S)
        with pytest.raises(DeadlineError):
            deadlines.check()
        await begin(send)

    assert answers(ask(works)) == [503]
    deadlines.check()


def test_the_next_request_of_a_connection_has_its_own_time() -> None:
    async def works(_receive: Receive, send: Send) -> None:
        assert deadlines.left_s() > 0
        await begin(send)
        await end(send)

    # uvicorn reads it in the context of the one before, whose time is over.
    with deadlines.within(0.0):
        assert answers(ask(works)) == [200]
        assert answers(ask(works, method="POST", path="/uploads")) == [200]


def test_a_server_that_ends_takes_the_work_along() -> None:
    is_cancelled = False

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        nonlocal is_cancelled
        try:
            await asyncio.sleep(PATIENCE_S)
        except asyncio.CancelledError:
            is_cancelled = True
            raise

    async def serve() -> None:
        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(_message: Message) -> None:
            return

        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        served = asyncio.ensure_future(AnswerDeadline(app, PATIENCE_S)(scope, receive, send))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        served.cancel()
        with pytest.raises(asyncio.CancelledError):
            await served
        await asyncio.sleep(0)

    asyncio.run(serve())
    assert is_cancelled
