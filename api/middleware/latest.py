"""Answers that were made a moment ago are sent again, before the request is routed.

Whenever a job at work has news, all that look at it ask the same at once. Each of these requests
would cost a thread, a transaction and the checks of its parameters: more than the kept answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.etags import FRESHNESS, address_of
from service.storage.recent import Freshness, RecentReads

MOST_BYTES = 16 * 2**20
# Of an answer's headers and its address, about.
HEAD_BYTES = 2**10


@dataclass(frozen=True, slots=True)
class _Sent:
    """What one request was answered; `route` is what metrics count it by."""

    messages: list[Message]
    route: object
    freshness: Freshness

    @property
    def n_bytes(self) -> int:
        return HEAD_BYTES + sum(len(message.get("body", b"")) for message in self.messages)


class LatestAnswers:
    """Answers a GET with what the same one is or was just answered, while that is fresh.

    Thread safety: none; it lives in the event loop of the server.

    Args:
        app: The next application; it puts the `Freshness` of its answer into the scope, under
            `FRESHNESS`. Without, the answer is sent to its own request alone.
        reads: Of the database; they say what is fresh.
    """

    def __init__(self, app: ASGIApp, reads: RecentReads) -> None:
        self._app, self._reads = app, reads
        self._sent: dict[Hashable, _Sent] = {}
        self._n_bytes = 0
        self._making: dict[Hashable, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what is fresh, or pass the request on and keep its answer."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        key = _key(scope)  # before other layers change the address
        found = await self._fresh(key)
        if found is None:
            await self._make(key, scope, receive, send)
            return
        scope["route"] = found.route
        for message in found.messages:
            await send(_copy(message))

    async def _fresh(self, key: Hashable) -> _Sent | None:
        """Return an answer that is fresh, or will be when another request has it made."""
        asked, found = self._reads.opening(), self._sent.get(key)
        # Only for what was kept before: a stream of events ends after hours. The first that is
        # waited for may have begun before the latest change; the second has not.
        for _ in range(2):
            if found is None or found.freshness.serves(asked):
                return found
            if key not in self._making:
                return None
            await self._making[key].wait()
            found = self._sent.get(key)
        return found if found is not None and found.freshness.serves(asked) else None

    async def _make(self, key: Hashable, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; keep what it is answered before it is sent, which may take long."""
        messages = list[Message]()

        async def noted(message: Message) -> None:
            freshness = scope.get(FRESHNESS)
            if freshness is not None:
                messages.append(_copy(message))
                if message["type"] == "http.response.body" and not message.get("more_body"):
                    self._keep(key, _Sent(messages, scope.get("route"), freshness))
                    self._end(key, made)
            await send(message)

        made = self._making.setdefault(key, asyncio.Event())
        try:
            await self._app(scope, receive, noted)
        finally:
            self._end(key, made)

    def _end(self, key: Hashable, made: asyncio.Event) -> None:
        """Have those go on that wait for an answer."""
        made.set()
        if self._making.get(key) is made:
            del self._making[key]

    def _keep(self, key: Hashable, sent: _Sent) -> None:
        """Keep an answer; all others go where they become too many, as they soon are old."""
        if self._n_bytes + sent.n_bytes > MOST_BYTES:
            self._sent.clear()
            self._n_bytes = 0
        replaced = self._sent.get(key)
        self._n_bytes += sent.n_bytes - (replaced.n_bytes if replaced is not None else 0)
        self._sent[key] = sent


def _key(scope: Scope) -> Hashable:
    """Return what an answer depends on, besides the database: the address and the reader's tag."""
    tags = (value for name, value in scope["headers"] if name == b"if-none-match")
    return address_of(scope), *tags


def _copy(message: Message) -> Message:
    """Return a message whose headers other layers may change."""
    return {**message, "headers": [*message["headers"]]} if "headers" in message else message
