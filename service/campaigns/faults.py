"""The faults of a campaign's cells as one bounded list, each with its cells and its pointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.campaigns.matrix import Matrix, label_of, same_text
from service.errors import Fault
from service.validation.json_pointers import escape

# Different faults that are listed; a last one counts the others.
MOST_LISTED = 100
# Ranges of cells that are listed with a fault.
MOST_RANGES = 12
# Characters of a cell's settings that are repeated in a fault: a value may be a list of thousands.
MOST_LABEL = 200


def listed(
    found: Mapping[int, Sequence[Fault]],
    cells: Sequence[Mapping[str, Any]],
    matrix: Matrix,
    base: Mapping[str, Any],
    first: int = 0,
) -> list[Fault]:
    """Return the faults of all cells, those that several cells share once.

    Args:
        found: The faults of each refused cell, by its index; pointers are into its spec.
        cells: The settings of all cells.
        matrix: The request's.
        base: Likewise.
        first: Number of the first cell in its campaign, above 0 in an extension.

    Returns:
        Faults with pointers into the request: to a value of the matrix, or into the base.
    """
    by_kind: dict[tuple[str, str], list[int]] = {}
    texts = _texts(matrix)
    for index, faults in found.items():
        places = _places(cells[index], texts)
        for fault in faults:
            own = _in_request(fault, places, base)
            by_kind.setdefault((own.pointer, own.detail), []).append(index)
    kinds = list(by_kind.items())
    firsts = {indices[0] for _, indices in kinds[:MOST_LISTED]}
    labels = {index: _cut(label_of(cells[index])) for index in firsts}
    shown = [
        Fault(
            pointer, f"{_cells_text([first + n for n in indices], labels[indices[0]])}: {detail}"
        )
        for (pointer, detail), indices in kinds[:MOST_LISTED]
    ]
    n_more = len(kinds) - len(shown)
    return [*shown, Fault("", f"and {n_more:,} more faults of other kinds")] if n_more else shown


def _texts(matrix: Matrix) -> dict[str, dict[str, int]]:
    """Return the place of each value by its text, the first of equal ones, for each axis."""
    return {
        path: {same_text(values[n]): n for n in reversed(range(len(values)))}
        for path, values in matrix.items()
    }


def _places(settings: Mapping[str, Any], texts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Return at which place of its axis each value of a cell stands, by path."""
    return {path: texts[path][same_text(value)] for path, value in settings.items()}


def _in_request(fault: Fault, places: Mapping[str, int], base: Mapping[str, Any]) -> Fault:
    """Return a fault of a cell's spec with its pointer into the campaign's request.

    That of a section which the base does not have, and an axis makes, points to that axis; it then
    names the field.

    Args:
        fault: Its pointer is into the spec of the cell.
        places: The cell's, as `_places` returns them.
        base: The request's.
    """
    pointer = fault.pointer
    missing = _first_missing(pointer, base)
    for path, place in places.items():
        own = "".join(f"/{escape(part)}" for part in path.split("."))
        if pointer == own or pointer.startswith(f"{own}/"):
            at = f"/matrix/{escape(path)}/{place}" + pointer.removeprefix(own)
            return Fault(at, fault.detail)
        if missing is not None and own.startswith(f"{missing}/"):
            field = ".".join(pointer.split("/")[1:])
            return Fault(f"/matrix/{escape(path)}/{place}", f"{field} {fault.detail}")
    return Fault(f"/base{pointer}", fault.detail)


def _first_missing(pointer: str, base: Mapping[str, Any]) -> str | None:
    """Return the part of a pointer up to the first field that the base does not have, if any."""
    here: object = base
    parts = pointer.split("/")[1:]
    for index, part in enumerate(parts):
        if not isinstance(here, Mapping):
            return None
        name = part.replace("~1", "/").replace("~0", "~")
        if name not in here:
            return "".join(f"/{each}" for each in parts[: index + 1])
        here = here[name]
    return None


def _cut(label: str) -> str:
    return label if len(label) <= MOST_LABEL else f"{label[:MOST_LABEL]}..."


def _cells_text(indices: Sequence[int], first: str) -> str:
    if len(indices) == 1:
        return f"cell {indices[0]} ({first})"
    ranges = ranges_of(indices)
    texts = [str(low) if low == high else f"{low} to {high}" for low, high in ranges]
    more = len(texts) - MOST_RANGES
    kept = [*texts[:MOST_RANGES], f"{more:,} more ranges"] if more > 0 else texts
    return f"cells {', '.join(kept)} (the first: {first})"


def ranges_of(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Join neighbouring indices: the first and the last of each range."""
    ranges: list[tuple[int, int]] = []
    for index in sorted(indices):
        if ranges and ranges[-1][1] == index - 1:
            ranges[-1] = (ranges[-1][0], index)
        else:
            ranges.append((index, index))
    return ranges
