"""From the bytes of a request's body to a JSON value, with every refusal explained.

Decoded here and not by the framework, so that NaN, an escaped lone surrogate or a duplicate key is
refused with a pointer to it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from fastapi import Request

from api.formats import JSON
from api.problems.handlers import ProblemError
from densearch.names import quoted
from service.errors import MOST_FAULTS, Fault
from service.validation.json_pointers import pointer_to

MAX_DEPTH = 64
# Of all objects of a body together: a spec has some hundred, a matrix of sections some thousand.
MOST_MEMBERS = 20_000
MOST_CONTAINERS = 50_000
# Longer keys name nothing, and the faults below them would repeat them.
MAX_KEY = 500
_LONE = re.compile("[\ud800-\udfff]")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # the escape of a surrogate


def request_body(schema: str | Mapping[str, Any], example: Mapping[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI entry of a body that is decoded here.

    Args:
        schema: As JSON Schema, or the name of one that `api.openapi` adds.
        example: A valid body.
    """
    own = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
    content = {JSON: {"schema": own, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


class _Repeated(dict[str, Any]):
    """An object in which some keys appeared more than once."""

    keys_twice: tuple[str, ...] = ()


class _Objects:
    """Makes objects of their members, and refuses more members than a request has use for."""

    def __init__(self) -> None:
        self._n_members = 0

    def made(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return an object.

        Raises:
            ProblemError: bad-request; with it, all objects of the body have too many members.
        """
        self._n_members += len(pairs)
        if self._n_members > MOST_MEMBERS:
            raise _too_many(f"{MOST_MEMBERS:,} members of objects")
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        repeated = _Repeated(found)
        n_times = Counter(name for name, _ in pairs)
        repeated.keys_twice = tuple(name for name in found if n_times[name] > 1)
        return repeated


def decode_json(body: bytes) -> object:
    """Decode a JSON body. NaN and the infinities pass: the spec refuses them, with a pointer.

    Raises:
        ProblemError: malformed-body, whose faults have pointers where the position is known, or
            bad-request.
    """
    try:
        text = body.decode("utf-8")
        if text.count("[") + text.count("{") > MOST_CONTAINERS:
            raise _too_many(f"{MOST_CONTAINERS:,} lists and objects")
        value: object = json.loads(text, object_pairs_hook=_Objects().made)
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start} is not valid UTF-8") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _malformed(f"not JSON at {where}: {error.msg}") from error
    except (
        ValueError,
        RecursionError,
    ) as error:  # an integer of thousands of digits; deep nesting
        raise _malformed("too deeply nested, or a number is too long") from error
    faults, n_faults = _first_faults(value, may_have_halves=_HALF.search(text) is not None)
    if faults:
        raise ProblemError("malformed-body", "; ".join(f.detail for f in faults), faults, n_faults)
    return value


def _malformed(detail: str) -> ProblemError:
    return ProblemError("malformed-body", detail, [Fault("", detail)])


def _too_many(most: str) -> ProblemError:
    detail = f"a body has at most {most} in all"
    return ProblemError("bad-request", detail, [Fault("", detail)])


def _is_text(text: str) -> bool:
    # A lone surrogate can be escaped in JSON, but neither stored nor sent back.
    return _LONE.search(text) is None


# A value with its depth and what holds it: the holder's own such link, and its key or index there.
_Link: TypeAlias = "tuple[_Link, int | str] | None"


def _first_faults(value: object, *, may_have_halves: bool) -> tuple[list[Fault], int]:
    """Return the first faults of a decoded body, and how many it has.

    Args:
        value: The body.
        may_have_halves: Whether its text escapes surrogates.
    """
    found: list[Fault] = []
    n_faults = 0
    left: list[tuple[object, int, _Link]] = [(value, 0, None)]
    kinds = (dict, list, str) if may_have_halves else (dict, list)
    while left:
        here, depth, link = left.pop()
        for name, detail in _own_faults(here, depth):
            n_faults += 1
            if len(found) < MOST_FAULTS:
                found.append(Fault(_pointer_to(link, name), detail))
        if depth <= MAX_DEPTH and isinstance(here, dict | list):
            inner = here.items() if isinstance(here, dict) else enumerate(here)
            left += [
                (item, depth + 1, (link, name))
                for name, item in inner
                if item and isinstance(item, kinds)
            ][::-1]
    return found, n_faults


def _own_faults(value: object, depth: int) -> Iterator[tuple[str | None, str]]:
    """Yield what is wrong with a value itself, with the key that is; None for the value."""
    if depth > MAX_DEPTH:
        yield None, f"nested more than {MAX_DEPTH} deep"
    elif isinstance(value, str) and not _is_text(value):
        yield None, "contains half of a surrogate pair, which is not valid text"
    elif isinstance(value, dict):
        if isinstance(value, _Repeated):
            for name in filter(_is_text, value.keys_twice):
                yield name, f"the key {quoted(name)} appears more than once"
        for name in value:
            if len(name) > MAX_KEY:
                yield None, f"a key has {len(name):,} characters: at most {MAX_KEY} are taken"
            elif not _is_text(name):
                yield None, "a key contains half of a surrogate pair, which is not valid text"


def _pointer_to(link: _Link, name: str | None) -> str:
    parts: list[int | str] = [] if name is None else [name]
    while link is not None:
        link, part = link
        parts.append(part)
    return pointer_to(reversed(parts))


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(request: Request) -> bool:
    """Whether a request declares its body as JSON."""
    return _media_type(request) == JSON


async def json_body(request: Request) -> object:
    """Read and decode a request's JSON body.

    Raises:
        ProblemError: unsupported-media-type, body-too-large or malformed-body.
    """
    declared = _media_type(request)
    if declared != JSON:
        found = f"it was {declared[:80]}" if declared else "it was missing"
        raise ProblemError(
            "unsupported-media-type", f"send Content-Type: application/json ({found})"
        )
    return decode_json(await request.body())
