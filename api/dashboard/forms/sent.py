"""A sent form becomes JSON: its fields are named by JSON pointers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request

from api.bodies import decode_json
from api.dashboard.forms.fields import FormField
from api.dashboard.forms.schemas import TAGS
from api.problems.handlers import ProblemError
from densearch.names import quoted
from service.errors import Fault
from service.validation.json_pointers import escape

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 5000
MOST_PARTS = 20
MOST_UNSET = 100  # a spec has a few kinds
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,300})(\.\d{1,300})?([eE][+-]?\d{1,4})?")
_INDEX = re.compile(r"0|[1-9]\d{0,8}")


@dataclass(frozen=True, slots=True)
class SentForm:
    """What a form sent: its values by JSON pointer, and what else was in it by name."""

    values: Mapping[str, str]
    others: Mapping[str, str]


async def sent_form(request: Request) -> SentForm:
    """Read the body of a form.

    Raises:
        ProblemError: unsupported-media-type, bad-request or body-too-large.
    """
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != FORM:
        raise ProblemError("unsupported-media-type", f"send Content-Type: {FORM}")
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except UnicodeDecodeError as error:
        raise _malformed("the form is not encoded as UTF-8 and percent signs") from error
    except ValueError as error:
        raise _malformed(f"a form has at most {MOST_FIELDS} fields") from error
    twice = [name for name, n in Counter(name for name, _ in pairs).items() if n > 1]
    if twice:
        raise _malformed(f"the field {quoted(twice[0])} is sent more than once")
    values = {name: value for name, value in pairs if name.startswith("/")}
    if any(name.count("/") > MOST_PARTS for name in values):
        raise _malformed(f"a field of a form is nested more than {MOST_PARTS} deep")
    others = {name: value for name, value in pairs if not name.startswith("/")}
    return SentForm(values, others)


def _malformed(detail: str) -> ProblemError:
    return ProblemError("bad-request", detail, [Fault("", detail)])


def as_texts(values: Mapping[str, str]) -> dict[str, Any]:
    """Return the JSON of a form with every value as the text that was typed.

    Values that are left empty are left out, rows without any value are, too.
    """
    boxes: Mapping[str, Any] = {"{}": {}, "[]": []}
    return nested({at: boxes.get(text, text) for at, text in values.items() if text != ""})


def decoded(
    values: Mapping[str, str], fields: Iterable[FormField]
) -> tuple[dict[str, Any], list[Fault]]:
    """Return the JSON of a form, and what of it could not be read.

    Args:
        values: By JSON pointer, as they were typed; of rows with the indices that they have in
            `fields`.
        fields: All of the form. A value without a field is read as JSON, or else as text.
    """
    known = {field.pointer: field for field in fields if field.control != "box"}
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for at, text in values.items():
        if text == "":
            continue
        try:
            found[at] = _value_of(text, known.get(at))
        except ProblemError as error:
            found[at] = text
            faults.append(Fault(at, error.detail))
    return nested(found), faults


def _value_of(text: str, field: FormField | None) -> object:
    if field is None:
        try:
            return decode_json(text.encode())
        except ProblemError:
            return text
    if field.control in ("number", "mixed"):
        return json.loads(text) if _NUMBER.fullmatch(text.strip()) else text
    if field.control == "choice":
        chosen = next((one for one in field.choices if one.value == text), None)
        return json.loads(chosen.token) if chosen is not None else text
    return decode_json(text.encode()) if field.control == "json" else text


def compact(values: Mapping[str, str]) -> dict[str, str]:
    """Number the rows of lists without gaps, and drop those in which nothing was typed.

    What belongs to an object whose kind is not set any more is dropped as well.
    """
    unset = tags_unset(values)
    kept = {at: v for at, v in values.items() if v != "" and not at.startswith(unset)}
    return dict(_leaves(_tree(kept), ""))


def tags_unset(values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the pointers, with a slash at the end, of the objects whose kind is not set."""
    return tuple(
        at.removesuffix(tag) for tag in TAGS for at, text in values.items()
        if text == "" and at.endswith(f"/{tag}")
    )[:MOST_UNSET]  # fmt: skip


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON value whose parts have these pointers; keys that are all numbers are a list.

    A part that would stand in a value is what counts.
    """
    return {name: _as_json(inner) for name, inner in _tree(values).items()}


@dataclass(frozen=True, slots=True)
class _Leaf:
    value: Any


def _tree(values: Mapping[str, Any]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for at in sorted(values, key=lambda one: one.count("/")):
        parts = [part.replace("~1", "/").replace("~0", "~") for part in at.split("/")[1:]]
        here = root
        for part in parts[:-1]:
            inner = here.get(part)
            if not isinstance(inner, dict):
                inner = here[part] = {}
            here = inner
        here[parts[-1]] = _Leaf(values[at])
    return root


def _is_list(node: Mapping[str, Any]) -> bool:
    return bool(node) and all(_INDEX.fullmatch(name) for name in node)


def _items(node: Mapping[str, Any]) -> Sequence[Any]:
    return [node[name] for name in sorted(node, key=int)]


def _as_json(node: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(node, _Leaf):
        return node.value
    if _is_list(node):
        return [_as_json(item) for item in _items(node)]
    return {name: _as_json(inner) for name, inner in node.items()}


def _leaves(node: Any, at: str) -> Iterable[tuple[str, Any]]:  # noqa: ANN401 - of the tree
    if isinstance(node, _Leaf):
        yield at, node.value
    elif at and _is_list(node):
        for index, item in enumerate(_items(node)):
            yield from _leaves(item, f"{at}/{index}")
    else:
        for name, inner in node.items():
            yield from _leaves(inner, f"{at}/{escape(name)}")
