"""HEAD for every address that GET has: the same status and headers, without the body."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadAsGet:
    """Answers HEAD as GET, up to the first byte of the body.

    The innermost layer: the application is ended there, since an event stream has no end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass HEAD on as GET; leave other requests as they are."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        # A copy: the server must still see HEAD, to send no body.
        as_get = {**scope, "method": "GET"}

        async def started(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
            elif message["type"] == "http.response.body":
                raise _HeadSentError

        try:
            await self._app(as_get, receive, started)
        except* _HeadSentError:  # also out of the group of tasks in which a stream is sent
            await send({"type": "http.response.body", "body": b""})
        finally:
            if "route" in as_get:
                scope["route"] = as_get["route"]  # metrics count by route


class _HeadSentError(Exception):
    """The headers are sent; nothing else is needed."""
