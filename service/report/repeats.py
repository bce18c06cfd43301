"""Comparison of samplers by the best values that their repeated searches found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from service.report import statistics
from service.report.phrases import count_of, joined


@dataclass(frozen=True, slots=True)
class SamplerRow:
    """Summary of the searches of one sampler.

    Attributes:
        sampler: Its name.
        n: Searches that found a value.
        is_deterministic: Whether it proposes the same points for every search seed: one run then.
        mean: Mean over the searches of the best validation loss found.
        sd: Their standard deviation; None when n is 1.
        least: The lowest of them.
    """

    sampler: str
    n: int
    is_deterministic: bool
    mean: float
    sd: float | None
    least: float


@dataclass(frozen=True, slots=True)
class SamplerPair:
    """Comparison of two samplers; `better` wins more pairs of runs.

    Attributes:
        better: Its name.
        other: The other's name.
        n: Runs of `better`.
        n_other: Runs of `other`.
        win_rate: Fraction of pairs of runs in which `better` found the lower value; a tie is 0.5.
        p: Two-sided, exact Mann-Whitney test.
        p_holm: p after Holm's correction over all pairs.
    """

    better: str
    other: str
    n: int
    n_other: int
    win_rate: float
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class SamplerComparison:
    """All samplers of a job, the best mean first, and every pair of them."""

    samplers: tuple[SamplerRow, ...]
    pairs: tuple[SamplerPair, ...]
    words: str


def compare_samplers(
    found: Mapping[str, Sequence[float]], deterministic: frozenset[str]
) -> SamplerComparison | None:
    """Compare samplers by the best values of their searches.

    Args:
        found: The best value of every search, by sampler.
        deterministic: Samplers that use no random numbers: one run each.

    Returns:
        None if no sampler was repeated, or there is only one.
    """
    runs = {name: list(values) for name, values in found.items() if values}
    if len(runs) < 2 or max(len(values) for values in runs.values()) < 2:
        return None
    rows = [
        _row(name, values, is_deterministic=name in deterministic) for name, values in runs.items()
    ]
    rows.sort(key=lambda row: row.mean)
    pairs = _pairs(runs, [row.sampler for row in rows])
    return SamplerComparison(tuple(rows), pairs, _in_words(rows, pairs))


def _row(name: str, values: Sequence[float], *, is_deterministic: bool) -> SamplerRow:
    found = statistics.summarize(values)
    return SamplerRow(name, found.n, is_deterministic, found.mean, found.sd, min(values))


def _pairs(runs: Mapping[str, Sequence[float]], order: Sequence[str]) -> tuple[SamplerPair, ...]:
    named = [_winner_first(runs, *names) for names in combinations(order, 2)]
    found = [statistics.compare_ranks(runs[better], runs[other]) for better, other in named]
    corrected = statistics.holm([pair.p for pair in found])
    return tuple(
        SamplerPair(better, other, pair.n, pair.n_other, pair.win_rate, pair.p, p_holm)
        for (better, other), pair, p_holm in zip(named, found, corrected, strict=True)
    )


def _winner_first(runs: Mapping[str, Sequence[float]], name: str, other: str) -> tuple[str, str]:
    wins = [(a < b) - (a > b) for a in runs[name] for b in runs[other]]
    return (name, other) if sum(wins) >= 0 else (other, name)


def _in_words(rows: Sequence[SamplerRow], pairs: Sequence[SamplerPair]) -> str:
    significant = [pair for pair in pairs if pair.p_holm <= 1.0 - statistics.CONFIDENCE]
    runs = count_of(max(row.n for row in rows), "run")
    if not significant:
        return f"No significant difference between the samplers with {runs} of a sampler."
    wins = [
        f"{pair.better} finds lower values than {pair.other} (p {pair.p_holm:.2g})"
        for pair in significant
    ]
    words = f"With {runs} of a sampler, {joined(wins)}"
    return words + (", after Holm's correction." if len(pairs) > 1 else ".")
