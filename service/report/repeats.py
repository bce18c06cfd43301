"""Comparison of samplers by what their repeated searches found, judged on the test split."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from service.report import statistics
from service.report.phrases import count_of, joined

LEVEL = 1.0 - statistics.CONFIDENCE


@dataclass(frozen=True, slots=True)
class SamplerRow:
    """Summary of the searches of one sampler.

    Attributes:
        sampler: Its name.
        n: Searches that found a value.
        is_deterministic: Whether it proposes the same points for every search seed: one run then.
        mean: Mean over the searches of the loss of what they found.
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
        win_rate: Fraction of pairs of runs in which `better` has the lower loss; a tie is 0.5.
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
    """All samplers of a job, the best mean first, and every pair of those that were repeated.

    Attributes:
        samplers: A row each.
        pairs: Of the samplers with several runs; none where the runs cannot part any of them.
        is_test: Whether the losses are means over the final trainings, on the test split: else
            they are the best validation losses of the searches.
        n_needed: Runs of each sampler with which a difference can be significant.
        words: What they show, in a sentence or two.
    """

    samplers: tuple[SamplerRow, ...]
    pairs: tuple[SamplerPair, ...]
    is_test: bool
    n_needed: int
    words: str


def runs_needed(n_samplers: int) -> int:
    """Return how many runs of each sampler can show any difference between them.

    Of n runs each, the exact test has a p of at least 2 / C(2n, n), which Holm's correction
    multiplies by the number of pairs: 4 runs for 2 samplers, 5 for 3 or 4, 6 for 5 to 7.

    Args:
        n_samplers: Those that are repeated, at least 2.
    """
    n, n_pairs = 2, math.comb(n_samplers, 2)
    while 2 * n_pairs / math.comb(2 * n, n) > LEVEL:
        n += 1
    return n


def too_few_words(repeats: int, samplers: Sequence[str]) -> str | None:
    """Return the warning that so many repeats cannot part the samplers; None where they can.

    Args:
        repeats: Search seeds of each sampler.
        samplers: Names of those that use random numbers.
    """
    if repeats < 2 or len(samplers) < 2 or repeats >= runs_needed(len(samplers)):
        return None
    n = runs_needed(len(samplers))
    return (
        f"{count_of(repeats, 'repeat')} cannot show which of {len(samplers)} samplers is better, "
        f"whatever they find: that takes {n}"
    )


def compare_samplers(
    found: Mapping[str, Sequence[float]], deterministic: frozenset[str], *, is_test: bool
) -> SamplerComparison | None:
    """Compare samplers by the losses of what their searches found.

    A sampler with one run has nothing to be compared by; those with several are compared with
    each other where their runs can show a difference at all.

    Args:
        found: The loss of every search, by sampler.
        deterministic: Samplers that use no random numbers: one run each.
        is_test: Whether the losses are those of the test split.

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
    repeated = [row.sampler for row in rows if row.n > 1]
    pairs = _pairs(runs, repeated) if _can_part(runs, repeated) else ()
    needed = runs_needed(max(len(repeated), 2))
    words = _in_words(rows, pairs, is_test=is_test, needed=needed)
    return SamplerComparison(tuple(rows), pairs, is_test, needed, words)


def _row(name: str, values: Sequence[float], *, is_deterministic: bool) -> SamplerRow:
    found = statistics.summarize(values)
    return SamplerRow(name, found.n, is_deterministic, found.mean, found.sd, min(values))


def _can_part(runs: Mapping[str, Sequence[float]], repeated: Sequence[str]) -> bool:
    """Whether the runs of any pair, all of one above all of the other, would be significant."""
    pairs = list(combinations(repeated, 2))
    sizes = [(len(runs[one]), len(runs[other])) for one, other in pairs]
    least = min((2 / math.comb(n + m, n) for n, m in sizes), default=1.0)
    return len(pairs) * least <= LEVEL


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


def _in_words(
    rows: Sequence[SamplerRow], pairs: Sequence[SamplerPair], *, is_test: bool, needed: int
) -> str:
    sentences = [_difference(rows, pairs, is_test=is_test, needed=needed)]
    lone = [row.sampler for row in rows if row.is_deterministic and row.n == 1]
    if lone:
        verb = "is" if len(lone) == 1 else "are"
        sentences.append(
            f"{joined(lone)} {verb} deterministic: one run shows nothing of chance. To compare "
            "it, repeat the job with other seeds."
        )
    return " ".join(sentences)


def _difference(
    rows: Sequence[SamplerRow], pairs: Sequence[SamplerPair], *, is_test: bool, needed: int
) -> str:
    runs = count_of(max(row.n for row in rows), "run")
    n_repeated = sum(row.n > 1 for row in rows)
    if n_repeated < 2:
        return "Only one sampler was repeated: there is no other to compare it with."
    if not pairs:
        shown = f"cannot show which of {n_repeated} is better: that takes {needed}"
        return f"{runs} of a sampler {shown}."
    significant = [pair for pair in pairs if pair.p_holm <= LEVEL]
    if not significant:
        return f"No significant difference between the samplers with {runs} of a sampler."
    what = "test losses" if is_test else "values"
    wins = [f"{pair.better} reaches lower {what} than {pair.other}" for pair in significant]
    return f"With {runs} of a sampler, {joined(wins)}."
