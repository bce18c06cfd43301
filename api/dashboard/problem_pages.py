"""Refusals as pages: people who follow an address get words, programs get problem+json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dashboard.rendering import HEADERS, root_of, text_of
from api.middleware.addresses import sent_path
from api.preferences import prefers_html
from api.problems.handlers import MEDIA_TYPE
from api.problems.kinds import PROBLEMS, UNAUTHORIZED

ENTRIES_SHOWN = 50
READABLE = "text/html; charset=utf-8"


class ProblemPages:
    """Answers a problem as a page, with the same status and headers, where a page is preferred.

    It is outside everything that refuses requests; scripts of pages accept anything and get JSON.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_page = scope["type"] == "http" and prefers_html(Headers(scope=scope).getlist("accept"))
        await self._app(scope, receive, _Pages(scope, send).send if is_page else send)


class _Pages:
    """Holds a problem back until its body is complete, and sends its page instead."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Pass a message on, unless it belongs to a problem."""
        if message["type"] == "http.response.start" and _is_problem(message):
            self._start = message
        elif self._start is None or message["type"] != "http.response.body":
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._answer(self._start)

    async def _answer(self, start: Message) -> None:
        headers = MutableHeaders(scope=start)
        body = b""
        del headers["content-length"]
        headers["content-type"] = READABLE
        headers.update(HEADERS)
        headers.add_vary_header("accept")
        # HEAD comes without the problem; the page's length is not known then.
        if self._scope["method"] != "HEAD":
            can_retry = self._scope["method"] == "GET" and start["status"] >= 500
            document, path = json.loads(self._body), sent_path(self._scope)
            if start["status"] == PROBLEMS[UNAUTHORIZED].status:
                body = _token_page(self._scope).encode()
            else:
                request_id = headers["x-request-id"]
                body = page_of(document, path, request_id, can_retry=can_retry).encode()
            headers["content-length"] = str(len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _token_page(scope: Scope) -> str:
    """Render the form for the token, which leads to the page that was asked for."""
    path, query = sent_path(scope), scope["query_string"].decode("latin-1")
    following = path + (f"?{query}" if query else "") if scope["method"] == "GET" else "/"
    return text_of("token.html", root_of(path), following=following, is_wrong=False)


def _is_problem(start: Message) -> bool:
    return MutableHeaders(scope=start).get("content-type") == MEDIA_TYPE


def page_of(document: Mapping[str, Any], path: str, request_id: str, *, can_retry: bool) -> str:
    """Render a problem document.

    Args:
        document: The members of RFC 9457, and `errors` where there are several.
        path: Of the request, percent-encoded.
        request_id: By which the server's log names the request.
        can_retry: Whether the same address may answer later.
    """
    entries: Sequence[Mapping[str, str]] = document.get("errors", ())
    n_entries = document.get("n_errors", len(entries))
    problem = PROBLEMS.get(str(document["type"]).rpartition("/")[2])
    remedy = problem.remedy if problem else ""
    return text_of(
        "problem.html",
        root_of(path),
        title=document["title"],
        status=document["status"],
        # The last sentence of some is the remedy, which has a line of its own.
        detail=str(document["detail"]).removesuffix(remedy).rstrip(),
        entries=[(_subject(one), one["detail"]) for one in entries[:ENTRIES_SHOWN]],
        n_more=n_entries - min(len(entries), ENTRIES_SHOWN),
        # The faults are listed above it: some remedies name the member of the JSON that has them.
        remedy="" if "`errors`" in remedy else remedy,
        request_id=request_id if document["status"] >= 500 else "",
        can_retry=can_retry,
    )


def _subject(entry: Mapping[str, str]) -> str:
    """Return the parameter, field or file of a fault; "" for the whole body."""
    return entry.get("parameter") or entry.get("entry") or entry.get("pointer") or ""
