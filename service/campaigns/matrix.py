"""The cells of a campaign: the product of its matrix, and the spec of each.

A path of the matrix names a field of the job's spec by its keys with dots between them, an item of
a list by its index: ``training.lr``, ``samplers.0.options.n_startup``.
"""

from __future__ import annotations

import copy
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from densearch.names import MAX_LENGTH
from service.errors import Fault
from service.records import Json
from service.spec import JobSpec
from service.validation.json_pointers import escape

Matrix = Mapping[str, Sequence[Any]]
# Deeper than any field of a spec.
MOST_PARTS = 12
# Of all specs of a campaign together: a large base is stored once for each cell.
MOST_SPEC_BYTES = 64_000_000


def n_cells(matrix: Matrix) -> int:
    """Return the number of cells of a matrix, without making them."""
    return math.prod(len(values) for values in matrix.values())


def cells_of(matrix: Matrix) -> list[Json]:
    """Return the settings of each cell, by path; the last axis changes first."""
    return [
        dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())
    ]


def body_of(name: str, base: Mapping[str, Any], settings: Mapping[str, Any]) -> Json:
    """Return the spec of a cell as the body of a submission.

    Args:
        name: Of the campaign.
        base: Its base spec; its name is replaced.
        settings: The cell's, whose paths `faults` accepts.
    """
    body = copy.deepcopy(dict(base))
    for path, value in settings.items():
        put(body, path, copy.deepcopy(value))
    return {**body, "name": job_name(name, settings)}


def job_name(name: str, settings: Mapping[str, Any]) -> str:
    """Return the name of a cell's job: the campaign's and the cell's settings, cut to a name."""
    return f"{name}: {label_of(settings)}"[:MAX_LENGTH].strip()


def label_of(settings: Mapping[str, Any]) -> str:
    """Return a cell's settings for people: the last key of each path, and its value."""
    return ", ".join(f"{short(path, settings)} {_text(value)}" for path, value in settings.items())


def short(path: str, paths: Mapping[str, Any]) -> str:
    """Return the last key of a path, all of it where two paths end alike."""
    last = path.rpartition(".")[2]
    ends = [other.rpartition(".")[2] for other in paths]
    return last if ends.count(last) == 1 and not last.isdecimal() else path


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def put(body: Any, path: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    """Set the field of a spec that a path names; sections that lack are made.

    Raises:
        LookupError: It leads through a value that has no fields, or beyond the end of a list; the
            message says where.
    """
    *way, last = path.split(".")
    here = body
    for index, part in enumerate(way):
        if isinstance(here, dict):
            here = here.setdefault(part, {})
        else:
            here = here[_index(here, part, way[: index + 1])]
    if isinstance(here, dict):
        here[last] = value
    else:
        here[_index(here, last, [*way, last])] = value


def _index(here: object, part: str, way: Sequence[str]) -> int:
    # "00" would be a second path to the same item.
    is_index = part.isascii() and part.isdecimal() and len(part) < 6 and part == str(int(part))
    if isinstance(here, list) and is_index and int(part) < len(here):
        return int(part)
    has = f"a list of {len(here)}" if isinstance(here, list) else "a value without fields"
    raise LookupError(f"there is no {'.'.join(way)}: the base has {has} there")


def faults(base: Mapping[str, Any], matrix: Matrix) -> Iterator[Fault]:
    """Yield what is wrong with a matrix, apart from its values; pointers are into the request."""
    for path, values in matrix.items():
        at = f"/matrix/{escape(path)}"
        fault = _path_fault(base, path)
        if fault is not None:
            yield Fault(at, fault)
        inner = next((other for other in matrix if other.startswith(f"{path}.")), None)
        if inner is not None:
            yield Fault(f"/matrix/{escape(inner)}", f"is a part of {path}: vary one of them")
        repeated = repeats(values)
        if repeated is not None:
            yield Fault(f"{at}/{repeated}", "the axis has this value already: give it once")


def repeats(values: Sequence[Any]) -> int | None:
    """Return the index of the first value that the list has before; None without one."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        text = same_text(value)
        if text in seen:
            return index
        seen.add(text)
    return None


def same_text(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a text that equal JSON values share: 1 and 1.0 are one number, and true is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def _path_fault(base: Mapping[str, Any], path: str) -> str | None:
    parts = path.split(".")
    if not all(parts) or len(parts) > MOST_PARTS:
        return 'is no path: write the keys of a field with dots, as in "training.lr"'
    if parts[0] == "name":
        return "the server names the jobs of a campaign: leave it out"
    if parts[0] not in JobSpec.model_fields:
        return "there is no such field of a job"
    try:
        put(copy.deepcopy(dict(base)), path, None)
    except LookupError as error:
        return str(error.args[0])
    return None


def spec_bytes(base: Mapping[str, Any], matrix: Matrix) -> int:
    """Return about how large the specs of all cells are together, bytes."""
    longest = sum(max(len(same_text(v)) for v in values) for values in matrix.values())
    return n_cells(matrix) * (len(json.dumps(base)) + longest)
