"""Tags of answers (RFC 9110, 8.8): an answer that its reader has is 304, without being made again.

A tag is made of what the answer depends on, before the answer: `service.storage.job_versions` has
that of answers about a job (docs/architecture.md). It holds for one process: settings, plug-ins
and templates may differ in the next one. The latest answers are kept by their tags, so that
several readers of the same one have it made once.
"""

from __future__ import annotations

import math
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session
from starlette.types import Scope

from api import conditional
from service.errors import DeadlineError
from service.storage import deadlines
from service.storage.answers import watching
from service.storage.job_versions import version_of
from service.storage.recent import Freshness, freshness_of

_PROCESS = secrets.token_hex(8)
UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The answer is still the one with the tag that If-None-Match names"}
}
# In the scope of a request: the `Freshness` of its answer.
FRESHNESS = "densearch.freshness"
# In all kept answers together, and in one.
MOST_BYTES, MOST_OF_ONE = 32 * 2**20, 2**20


@dataclass(frozen=True, slots=True)
class Made:
    """An answer that was made: its body, and headers other than its type and its tag."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class KeptAnswers:
    """The bodies of the latest answers by their tags, within `MOST_BYTES`.

    One request makes an answer, and those that come meanwhile for the same one wait for it:
    whenever a job at work has news, all that look at it ask at once.

    Thread safety: all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[str, Made] = OrderedDict()
        self._turns: dict[str, Future[tuple[Made, float]]] = {}
        self._n_bytes = 0

    def answer(self, tag: str, make: Callable[[], Made]) -> tuple[Made, float]:
        """Return the answer with a tag, and how long it may stay outdated, s; else it is kept.

        Raises:
            DeadlineError: Another request takes too long to make it.
        """
        with self._lock:
            found = self._made.get(tag)
            if found is not None:
                self._made.move_to_end(tag)
                return found, 0.0
            turn = self._turns.get(tag)
            if is_first := turn is None:
                turn = self._turns[tag] = Future()
        if not is_first:
            return _waited_for(turn) or _new(make)
        try:
            made, outdated_s = _new(make)
            if not outdated_s:
                self._keep(tag, made)
            turn.set_result((made, outdated_s))
        finally:
            turn.cancel()  # without an effect once it has a result
            with self._lock:
                del self._turns[tag]
        return made, outdated_s

    def _keep(self, tag: str, made: Made) -> None:
        """Keep an answer; those that were not asked for longest go."""
        if len(made.body) > MOST_OF_ONE:
            return
        with self._lock:
            self._made[tag] = made
            self._n_bytes += len(made.body)
            while self._n_bytes > MOST_BYTES:
                self._n_bytes -= len(self._made.popitem(last=False)[1].body)


def _new(make: Callable[[], Made]) -> tuple[Made, float]:
    """Make an answer; return it and how long it may stay outdated, s."""
    with watching() as watch:
        made = make()
    return made, watch.outdated_s


def _waited_for(turn: Future[tuple[Made, float]]) -> tuple[Made, float] | None:
    """Return what another request makes, None where it fails."""
    left_s = deadlines.left_s()
    try:
        return turn.result(None if math.isinf(left_s) else max(0.0, left_s))
    except CancelledError:
        return None
    except TimeoutError:
        raise DeadlineError from None


def address_of(scope: Scope) -> tuple[object, ...]:
    """Return the whole address that a request was sent to: pages repeat the server's."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    place = scope["scheme"], *hosts, scope.get("root_path", "")
    return (*place, scope["path"], scope["query_string"])


def tag_of(request: Request, *parts: object) -> str:
    """Return the tag of the answer to a request that depends on `parts` and its address."""
    digest = sha256(repr([_PROCESS, address_of(request.scope), *map(str, parts)]).encode())
    return f'W/"{digest.hexdigest()[:24]}"'


def tag_of_jobs(request: Request, session: Session, job_ids: Sequence[int]) -> str:
    """Return the tag of the answer to a request that depends on some jobs and its address.

    Raises:
        NotFoundError: One of the jobs is not there.
    """
    return tag_of(request, *(version_of(session, job_id) for job_id in job_ids))


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
    freshness: Freshness | None = None,
) -> Response:
    """Return an answer with its tag: 304, a kept one, or a new one.

    Args:
        request: To be answered.
        tag: Of the answer.
        media_type: Of its body; None where its headers name it.
        make: Makes it. Where it was made of answers that may be outdated
            (`service.storage.answers`) it is sent without its tag, with the time after which a
            newer one is made (`Retry-After`), and not kept.
        is_shown: Whether the reader gets the tag; without, the answer is kept only here.
        freshness: How long the same request may be answered with it before it is routed, see
            `api.middleware.latest`; None where it depends on more than what the database has.
    """
    headers = {"cache-control": "no-store"}
    request.scope[FRESHNESS] = freshness
    kept: KeptAnswers = request.app.state.kept_answers
    if is_shown:
        headers["etag"] = tag
        if is_known(request, tag):
            if "*" in _named(request):  # names no answer: there may be none
                kept.answer(tag, make)
            return Response(status_code=304, headers=headers)
    made, outdated_s = kept.answer(tag, make)
    if outdated_s:
        request.scope[FRESHNESS] = None
        headers.pop("etag", None)
        headers["retry-after"] = str(math.ceil(outdated_s))
    return Response(made.body, media_type=media_type, headers={**headers, **made.headers})


def answer_of_list(
    request: Request,
    session: Session,
    version: object | None,
    others: object,
    media_type: str,
    make: Callable[[], Made],
) -> Response:
    """As `answer`, for a list: without a tag where `version` is None.

    Args:
        request: To be answered.
        session: In which the version was read.
        version: See `service.storage.job_versions.list_version`.
        others: What else the list depends on.
        media_type: Of its body.
        make: Makes it.
    """
    if version is None:
        made = make()
        headers = {"cache-control": "no-store", **made.headers}
        return Response(made.body, media_type=media_type, headers=headers)
    tag, freshness = tag_of(request, version, others), freshness_of(session)
    return answer(request, tag, media_type, make, freshness=freshness)


def answer_again(
    request: Request,
    tag: str,
    respond: Callable[[], Response],
    freshness: Freshness | None = None,
) -> Response:
    """As `answer`, for what is made as a response: its type and its headers are kept with it."""

    def make() -> Made:
        found = respond()
        skipped = ("content-length", "cache-control")
        own = {name: value for name, value in found.headers.items() if name not in skipped}
        return Made(bytes(found.body), own)

    return answer(request, tag, None, make, freshness=freshness)


def answer_of_content(
    request: Request, body: str, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer whose tag is that of its body, 304 where the reader has it.

    For what is made in a moment and depends on more than jobs.

    Args:
        request: To be answered.
        body: Of the answer.
        media_type: Likewise.
        headers: Likewise, besides its tag.
    """
    tag = f"W/{conditional.tag_of(body, media_type)}"
    every = {"cache-control": "no-store", "etag": tag, **(headers or {})}
    if is_known(request, tag):
        return Response(status_code=304, headers=every)
    return Response(body, media_type=media_type, headers=every)
