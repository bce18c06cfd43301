"""What of an upload is not in its set, and why: it is stored with the set."""

from __future__ import annotations

from collections.abc import Sequence

from densearch.answers import LeftOutAnswer, LeftOutFile, LeftOutReason
from service.datasets.faults import MAX_NAMED, Faults
from service.datasets.sources.entries import Clutter, shown


def left_out(clutter: Clutter, others: Sequence[str], faults: Faults) -> list[LeftOutAnswer]:
    """Return what was left out, by the reason; of each the first `MAX_NAMED` files found.

    Args:
        clutter: Files of systems and programs.
        others: Names of files that are no samples.
        faults: Of files that were left out, as the user asked.
    """
    refused: list[LeftOutFile] = [
        {"entry": error.entry, "detail": error.detail} for error in faults.first
    ]
    found = [
        _row("refused", faults.n, refused),
        _row("other", len(others), _named(others[:MAX_NAMED])),
        _row("clutter", clutter.n, _named(clutter.first)),
    ]
    return [row for row in found if row["n"]]


def _row(reason: LeftOutReason, n: int, first: list[LeftOutFile]) -> LeftOutAnswer:
    return {"reason": reason, "n": n, "first": first}


def _named(names: Sequence[str]) -> list[LeftOutFile]:
    return [{"entry": shown(name), "detail": None} for name in names]
