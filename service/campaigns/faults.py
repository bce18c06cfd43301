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


def listed(
    found: Mapping[int, Sequence[Fault]], cells: Sequence[Mapping[str, Any]], matrix: Matrix
) -> list[Fault]:
    """Return the faults of all cells, those that several cells share once.

    Args:
        found: The faults of each refused cell, by its index; pointers are into its spec.
        cells: The settings of all cells.
        matrix: The request's.

    Returns:
        Faults with pointers into the request: to a value of the matrix, or into the base.
    """
    by_kind: dict[tuple[str, str], list[int]] = {}
    for index, faults in found.items():
        for fault in faults:
            pointer = pointer_in(fault.pointer, cells[index], matrix)
            by_kind.setdefault((pointer, fault.detail), []).append(index)
    kinds = list(by_kind.items())
    shown = [
        Fault(pointer, f"{_cells_text(indices, cells)}: {detail}")
        for (pointer, detail), indices in kinds[:MOST_LISTED]
    ]
    n_more = len(kinds) - len(shown)
    return [*shown, Fault("", f"and {n_more:,} more faults of other kinds")] if n_more else shown


def pointer_in(pointer: str, settings: Mapping[str, Any], matrix: Matrix) -> str:
    """Return where in a campaign's request the field of a cell's spec stands."""
    for path, value in settings.items():
        own = "".join(f"/{escape(part)}" for part in path.split("."))
        if pointer == own or pointer.startswith(f"{own}/"):
            texts = [same_text(each) for each in matrix[path]]
            at = f"/matrix/{escape(path)}/{texts.index(same_text(value))}"
            return at + pointer.removeprefix(own)
    return f"/base{pointer}"


def _cells_text(indices: Sequence[int], cells: Sequence[Mapping[str, Any]]) -> str:
    first = label_of(cells[indices[0]])
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
