"""The mean rank of samplers over repeats, after each number of trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.dashboard.figures.series import Series, series_of
from api.dashboard.figures.staircases import Step, value_at
from service.records import Study
from service.states import Role

MAX_POINTS = 1000


@dataclass(frozen=True, slots=True)
class MeanRanks:
    """Mean ranks, from 1 for the lowest best so far.

    Attributes:
        series: One for each sampler, k of them.
        x: Numbers of trials, shape (n,), at which a rank may change.
        means: Shape (k, n).
        n_repeats: Over how many repeats.
    """

    series: list[Series]
    x: list[int]
    means: list[list[float]]
    n_repeats: int


def ranks_of(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, from 1; equal ones share the mean of theirs."""
    order = sorted(values)
    first = {value: order.index(value) for value in set(values)}
    return [first[value] + (order.count(value) + 1) / 2 for value in values]


def mean_ranks(studies: Sequence[Study], stairs: Mapping[int, Sequence[Step]]) -> MeanRanks | None:
    """Rank the samplers of a job in each of its repeats; None where there are not two of them.

    The ranks go as far as the shortest search has come: a search is never compared with one that
    had more trials. A repeat counts where every sampler has a result in it.

    Args:
        studies: Of a job.
        stairs: The best so far of each study against its number of trials, from 1; those without
            a result are not in it.
    """
    samplers = [found for found in series_of(studies) if found.role is Role.SEARCH]
    repeats = _repeats(samplers, stairs)
    if len(samplers) < 2 or not repeats:
        return None
    own = [stair for repeat in repeats for stair in repeat]
    start = max(int(stair[0].x) for stair in own)
    end = min(int(stair[-1].x) for stair in own)
    xs = sorted({int(s.x) for stair in own for s in stair if start <= s.x <= end} | {end})
    xs = [x for x in xs if x >= start]
    if not xs:
        return None
    xs = _few(xs)
    ranked = [[ranks_of([value_at(s, x) for s in repeat]) for x in xs] for repeat in repeats]
    means = [
        [sum(ranks[n][k] for ranks in ranked) / len(repeats) for n in range(len(xs))]
        for k in range(len(samplers))
    ]
    return MeanRanks(samplers, xs, means, len(repeats))


def _repeats(
    samplers: Sequence[Series], stairs: Mapping[int, Sequence[Step]]
) -> list[list[Sequence[Step]]]:
    """Return the staircases of each repeat, in the order of the samplers."""
    by_repeat = [{study.repeat: study.id for study in found.studies} for found in samplers]
    common = sorted(set.intersection(*(set(own) for own in by_repeat)) if by_repeat else set())
    ids = [[own[repeat] for own in by_repeat] for repeat in common]
    return [[stairs[i] for i in one] for one in ids if all(i in stairs for i in one)]


def _few(xs: list[int]) -> list[int]:
    """Keep at most `MAX_POINTS`, evenly spaced in their order, with the first and the last."""
    if len(xs) <= MAX_POINTS:
        return xs
    stride = (len(xs) - 1) / (MAX_POINTS - 1)
    return [xs[round(stride * place)] for place in range(MAX_POINTS)]
