"""Tags of answers (RFC 9110, 8.8): an answer that its reader has is 304, without being made again.

A tag is made of what the answer depends on, before the answer: `service.storage.job_versions` has
that of answers about a job (docs/architecture.md). It holds for one process: settings, plug-ins
and templates may differ in the next one.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Any

from fastapi import Request, Response

from api.documents import conditional

_PROCESS = secrets.token_hex(8)
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The answer is still the one with the tag that If-None-Match names"}
}


def tag_of(request: Request, *parts: object) -> str:
    """Return the tag of the answer to a request that depends on `parts` and its address."""
    url = request.scope["path"], request.scope["query_string"]
    digest = sha256(repr([_PROCESS, url, *map(str, parts)]).encode()).hexdigest()
    return f'W/"{digest[:24]}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the sender of a request has the answer with a tag."""
    given = ",".join(request.headers.getlist("if-none-match"))
    return conditional.is_known(given, tag.removeprefix("W/"))


def unchanged(tag: str) -> Response:
    """Return the answer that says so; pages are never kept for later, see `rendering.HEADERS`."""
    return Response(status_code=304, headers={"etag": tag, "cache-control": "no-store"})
