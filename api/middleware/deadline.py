"""A deadline for each answer: 503 instead of an endless wait.

Only the time until the answer starts is limited. An event stream or a download may continue
afterwards, and the time that a client takes to send its request does not count. The deadline also
applies in the request's thread (`service.storage.deadlines`): it closes its database connection
and ends; otherwise all threads would end up waiting for a silent database.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems.handlers import RETRY_AFTER_S, answer
from api.problems.kinds import PROBLEMS
from service.storage import deadlines

log = structlog.get_logger("api.deadline")
# Later than the thread's own deadline by this time, so that its more specific error comes first.
GRACE_S = 1.0


class AnswerDeadline:
    """Answers 503 for an application that does not begin to answer in time.

    Args:
        app: The next application.
        limit_s: From the end of a request's body to the start of its answer, s.
        upload_path: Path of uploads, which may be received and read for any time.
    """

    def __init__(self, app: ASGIApp, limit_s: float, upload_path: str | None = None) -> None:
        self._app, self._limit_s, self._upload_path = app, limit_s, upload_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward the request; answer for the application when it takes too long."""
        is_upload = scope.get("method") == "POST" and scope.get("path") == self._upload_path
        if scope["type"] != "http" or is_upload:
            with deadlines.alone():
                await self._app(scope, receive, send)
            return
        request = _Request(receive, send, self._limit_s)
        with deadlines.alone(request.deadline):
            task = asyncio.ensure_future(self._app(scope, request.receive, request.send))
        try:
            await request.wait_for(task)
        except asyncio.CancelledError:  # the server ends
            task.cancel()
            raise
        if task.done() or request.is_answered:
            await task
            return
        request.is_abandoned = True
        abandon(task)
        log.warning("no answer in time", path=scope["path"], limit_s=self._limit_s)
        problem = PROBLEMS["deadline-exceeded"]
        headers = {"retry-after": str(RETRY_AFTER_S)}
        detail = f"no answer within {self._limit_s:g} s. {problem.remedy}"
        await answer(problem, detail, headers=headers)(scope, receive, send)


class _Request:
    """State of one request: its deadline, and whether it was answered or abandoned."""

    def __init__(self, receive: Receive, send: Send, limit_s: float) -> None:
        self._receive, self._send, self._limit_s = receive, send, limit_s
        self.deadline = deadlines.Deadline(limit_s)
        self.is_answered = self.is_abandoned = False

    async def receive(self) -> Message:
        """Wait for the client, whose time does not count."""
        self.deadline.restart(math.inf)
        try:
            return await self._receive()
        finally:
            self.deadline.restart(math.inf if self.is_answered else self._limit_s)

    async def send(self, message: Message) -> None:
        """Forward the application's answer, unless it comes too late."""
        if self.is_abandoned:
            return
        self.is_answered = True
        self.deadline.restart(math.inf)
        await self._send(message)

    async def wait_for(self, task: asyncio.Future[None]) -> None:
        """Wait until the answer begins, the application ends, or the deadline passes."""
        while not (task.done() or self.is_answered):
            left_s = self.deadline.left_s + GRACE_S
            if left_s <= 0:
                return
            # The deadline may have moved meanwhile.
            await asyncio.wait({task}, timeout=min(left_s, self._limit_s))


def abandon(task: asyncio.Future[Any]) -> None:
    """Let a task end in the background and log its error, which nothing else awaits."""
    task.add_done_callback(_note)


def _note(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.debug("failed after the deadline", error=repr(error))
