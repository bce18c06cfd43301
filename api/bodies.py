"""From the bytes of a request's body to a JSON value, with every refusal explained.

Decoded here and not by the framework, so that NaN, an escaped lone surrogate or a duplicate key is
refused with a pointer to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import Request

from api.problems.handlers import ProblemError
from service.errors import Fault
from service.validation.json_pointers import escape

JSON = "application/json"
MAX_DEPTH = 64


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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    repeated = _Repeated(found)
    repeated.keys_twice = tuple(n for n in found if names.count(n) > 1)
    return repeated


def decode_json(body: bytes) -> object:
    """Decode a JSON body. NaN and the infinities pass: the spec refuses them, with a pointer.

    Raises:
        ProblemError: malformed-body; its faults have pointers where the position is known.
    """
    try:
        value: object = json.loads(body.decode("utf-8"), object_pairs_hook=_object)
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
    faults = list(_faults(value, "", 0))
    if faults:
        raise ProblemError("malformed-body", "; ".join(f.detail for f in faults), faults)
    return value


def _malformed(detail: str) -> ProblemError:
    return ProblemError("malformed-body", detail, [Fault("", detail)])


def _is_text(text: str) -> bool:
    # A lone surrogate can be escaped in JSON, but neither stored nor sent back.
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _faults(value: object, at: str, depth: int) -> Iterator[Fault]:
    if depth > MAX_DEPTH:
        yield Fault(at, f"nested more than {MAX_DEPTH} deep")
    elif isinstance(value, str) and not _is_text(value):
        yield Fault(at, "contains half of a surrogate pair, which is not valid text")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _faults(item, f"{at}/{index}", depth + 1)
    elif isinstance(value, dict):
        yield from _object_faults(value, at, depth)


def _object_faults(value: dict[str, object], at: str, depth: int) -> Iterator[Fault]:
    if isinstance(value, _Repeated):
        for name in filter(_is_text, value.keys_twice):
            yield Fault(f"{at}/{escape(name)}", f"the key {name!r} appears more than once")
    for name, item in value.items():
        if not _is_text(name):
            yield Fault(at, "a key contains half of a surrogate pair, which is not valid text")
        else:
            yield from _faults(item, f"{at}/{escape(name)}", depth + 1)


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
