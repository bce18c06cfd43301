"""Addresses in answers below the prefix of a reverse proxy, and requests that still carry it.

A proxy publishes the server at `https://lab.example.org/densearch/` and may strip the prefix
from each request or leave it; both work. Redirects are relative to the address of the request, so
that they name neither host, scheme nor prefix. `Link` and the `Location` of a created resource
have the prefix of `DENSEARCH_PUBLIC_URL`, where one is set.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Addresses:
    """Makes the addresses of requests and answers fit each other.

    Args:
        app: The next application.
        prefix: Of the public URL, such as "/densearch"; "" for none.
        names: First segments of the application's own paths. A prefix that begins with one of
            them is left on requests, where it cannot be distinguished from a path.
    """

    def __init__(self, app: ASGIApp, prefix: str, names: Collection[str]) -> None:
        self._app, self._prefix = app, prefix
        self._is_stripped = bool(prefix) and prefix.split("/")[1] not in names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on without the prefix, and answer with addresses that hold."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        requested = sent_path(scope)
        if self._is_stripped:
            if requested == self._prefix:
                # Without the slash, relative addresses would miss the prefix.
                location = f"./{requested.rpartition('/')[2]}/"
                await RedirectResponse(location)(scope, receive, send)
                return
            if requested.startswith(self._prefix + "/"):
                _strip(scope, len(self._prefix))
        path = sent_path(scope)

        async def addressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "location" in headers:
                    headers["location"] = self._location(
                        headers["location"], path, is_redirect=300 <= message["status"] < 400
                    )
                if "link" in headers:
                    headers["link"] = headers["link"].replace("</", f"<{self._prefix}/")
            await send(message)

        await self._app(scope, receive, addressed)

    def _location(self, location: str, path: str, *, is_redirect: bool) -> str:
        # The framework puts the Host header into an absolute address: only the path is kept.
        parts = urlsplit(location)
        target = f"/{parts.path.lstrip('/')}"
        query = f"?{parts.query}" if parts.query else ""
        return (relative(target, path) if is_redirect else self._prefix + target) + query


def sent_path(scope: Scope) -> str:
    """Return the path as it was sent, percent-encoded."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")


def _strip(scope: Scope, length: int) -> None:
    # The prefix has no character that is encoded: it has the same length in both.
    scope["path"] = scope["path"][length:]
    scope["raw_path"] = sent_path(scope)[length:].encode("latin-1")


def relative(target: str, path: str) -> str:
    """Return the address of `target` as a reference relative to a page at `path`.

    It begins with "./" or "../", hence never names another host or scheme.
    """
    here, there = path.split("/")[:-1], target.split("/")
    n_common = 0
    while n_common < min(len(here), len(there) - 1) and here[n_common] == there[n_common]:
        n_common += 1
    return ("../" * (len(here) - n_common) or "./") + "/".join(there[n_common:])
