"""The tables of docs/regret.md: what samplers differ from the default one, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from benchmarks.regret.differences import Difference, difference
from benchmarks.regret.problems import base
from benchmarks.regret.searches import Result
from benchmarks.regret.sections import Place

DEFAULT = "direct_l_rand"
# What a column shows: a figure of the results with a budget.
COLUMNS = (("regret", 20), ("regret", 50), ("regret", 200), ("area", 200))


@dataclass(frozen=True)
class Row:
    """A sampler's line of a table: a difference for each of `COLUMNS` that it has results for."""

    sampler: str
    differences: tuple[Difference | None, ...]


def paired(
    results: Sequence[Result], sampler: str, figure: str, budget: int, against: str = DEFAULT
) -> dict[str, list[float]]:
    """Return a figure's differences on the same shifts of the same problems, by function."""
    own, other = (
        {
            (r.function, r.dimension, r.shift): float(attrgetter(figure)(r))
            for r in results
            if r.sampler == name and r.budget == budget
        }
        for name in (sampler, against)
    )
    found: dict[str, list[float]] = {}
    for problem in sorted(own.keys() & other.keys()):
        found.setdefault(base(problem[0]), []).append(own[problem] - other[problem])
    return found


def rows(results: Sequence[Result]) -> list[Row]:
    """Return the lines of a table, the least area first, then the least regret."""
    found = []
    for name in sorted({r.sampler for r in results} - {DEFAULT}):
        pairs = [paired(results, name, *column) for column in COLUMNS]
        if not any(pairs):
            continue
        found.append(Row(name, tuple(difference(own) if own else None for own in pairs)))
    return sorted(
        found, key=lambda row: [d.median if d else np.inf for d in row.differences[::-1]]
    )


def table(heading: str, results: Sequence[Result], places: Sequence[Place]) -> Iterator[str]:
    """Yield a table's lines; none where nothing is known.

    Args:
        heading: What it is of.
        results: Of any problems.
        places: The problems that it is of.
    """
    wanted = set(places)
    here = [r for r in results if (r.function, r.dimension) in wanted]
    if not here:
        return
    heads = [f"after {b}" if figure == "regret" else f"area to {b}" for figure, b in COLUMNS]
    yield f"\n### {heading}\n"
    yield f"| sampler | functions, pairs | {' | '.join(heads)} |"
    yield "|---|---|" + "---|" * len(COLUMNS)
    yield f"| (`{DEFAULT}` itself) | {_n(here)} | " + " | ".join(_levels(here)) + " |"
    for row in rows(here):
        most = max((d for d in row.differences if d), key=lambda d: d.n_pairs)
        cells = [_cell(d) for d in row.differences]
        yield f"| `{row.sampler}` | {most.n_functions}, {most.n_pairs} | {' | '.join(cells)} |"


def _n(results: Sequence[Result]) -> str:
    own = {(r.function, r.dimension, r.shift) for r in results if r.sampler == DEFAULT}
    return f"{len({base(function) for function, *_ in own})}, {len(own)}"


def _levels(results: Sequence[Result]) -> Iterator[str]:
    """Yield the default sampler's own figures: the median over functions of their medians."""
    for figure, budget in COLUMNS:
        by_function: dict[str, list[float]] = {}
        for r in results:
            if r.sampler == DEFAULT and r.budget == budget:
                by_function.setdefault(base(r.function), []).append(attrgetter(figure)(r))
        medians = [float(np.median(own)) for own in by_function.values()]
        yield f"({np.median(medians):.2f})" if medians else "-"


def _cell(found: Difference | None) -> str:
    if found is None:
        return "-"
    text = f"{found.median:+.2f} [{found.low:+.2f}, {found.high:+.2f}]"
    return f"**{text}**" if found.is_shown else text
