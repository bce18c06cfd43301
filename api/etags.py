"""Tags of answers (RFC 9110, 8.8): an answer that its reader has is 304, without being made again.

A tag is made of what the answer depends on, before the answer: `service.storage.job_versions` has
that of answers about a job (docs/architecture.md). It holds for one process: settings, plug-ins
and templates may differ in the next one. The latest answers are kept by their tags, so that
several readers of the same one have it made once.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from fastapi import Request, Response

from api import conditional
from service.storage.answers import watching

_PROCESS = secrets.token_hex(8)
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The answer is still the one with the tag that If-None-Match names"}
}
# In all kept answers together, and in one.
MOST_BYTES, MOST_OF_ONE = 32 * 2**20, 2**20


@dataclass(frozen=True, slots=True)
class Made:
    """An answer that was made: its body, and headers other than its type and its tag."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class KeptAnswers:
    """The bodies of the latest answers by their tags, within `MOST_BYTES`.

    Thread safety: all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[str, Made] = OrderedDict()
        self._n_bytes = 0

    def get(self, tag: str) -> Made | None:
        """Return the answer with a tag, None where it is not kept."""
        with self._lock:
            found = self._made.get(tag)
            if found is not None:
                self._made.move_to_end(tag)
            return found

    def keep(self, tag: str, made: Made) -> None:
        """Keep an answer; those that were not asked for longest go."""
        if len(made.body) > MOST_OF_ONE:
            return
        with self._lock:
            if tag in self._made:
                return
            self._made[tag] = made
            self._n_bytes += len(made.body)
            while self._n_bytes > MOST_BYTES:
                self._n_bytes -= len(self._made.popitem(last=False)[1].body)


def tag_of(request: Request, *parts: object) -> str:
    """Return the tag of the answer to a request that depends on `parts` and its address."""
    url = request.scope["path"], request.scope["query_string"]
    digest = sha256(repr([_PROCESS, url, *map(str, parts)]).encode()).hexdigest()
    return f'W/"{digest[:24]}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the sender of a request has the answer with a tag."""
    return conditional.is_known(_named(request), tag.removeprefix("W/"))


def _named(request: Request) -> str:
    return ",".join(request.headers.getlist("if-none-match"))


def answer(
    request: Request,
    tag: str,
    media_type: str | None,
    make: Callable[[], Made],
    *,
    is_shown: bool = True,
) -> Response:
    """Return an answer with its tag: 304, a kept one, or a new one.

    Args:
        request: To be answered.
        tag: Of the answer.
        media_type: Of its body; None where its headers name it.
        make: Makes it. Where it was made of answers that may be outdated
            (`service.storage.answers`) it is sent without its tag, and not kept.
        is_shown: Whether the reader gets the tag; without, the answer is kept only here.
    """
    headers = {"cache-control": "no-store"}
    if is_shown:
        headers["etag"] = tag
        if is_known(request, tag):
            if "*" in _named(request):  # names no answer: there may be none
                _made(request, tag, make)
            return Response(status_code=304, headers=headers)
    made, is_outdated = _made(request, tag, make)
    if is_outdated:
        headers.pop("etag", None)
    return Response(made.body, media_type=media_type, headers={**headers, **made.headers})


def _made(request: Request, tag: str, make: Callable[[], Made]) -> tuple[Made, bool]:
    """Return the kept answer or a new one, and whether it may be outdated."""
    kept: KeptAnswers = request.app.state.kept_answers
    made = kept.get(tag)
    if made is not None:
        return made, False
    with watching() as watch:
        made = make()
    if not watch.is_outdated:
        kept.keep(tag, made)
    return made, watch.is_outdated


def answer_again(request: Request, tag: str, respond: Callable[[], Response]) -> Response:
    """As `answer`, for what is made as a response: its type and its headers are kept with it."""

    def make() -> Made:
        found = respond()
        skipped = ("content-length", "cache-control")
        own = {name: value for name, value in found.headers.items() if name not in skipped}
        return Made(bytes(found.body), own)

    return answer(request, tag, None, make)
