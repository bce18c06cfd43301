"""The mean rank of samplers over repeats, after each number of trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.dashboard.figures.series import Series, series_of
from api.dashboard.figures.staircases import Step, few, value_at
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

    A search that still runs is never compared with one that had more trials: the ranks go as far
    as each of them has come. A repeat counts where every sampler has a result in it. A sampler
    that searches once, since its seed changes nothing, is the same in all.

    Args:
        studies: Of a job.
        stairs: The best so far of each study against its number of trials, from 1; those without
            a result are not in it.
    """
    samplers = [found for found in series_of(studies) if found.role is Role.SEARCH]
    repeats = _repeats(samplers, stairs)
    if len(samplers) < 2 or not repeats:
        return None
    xs = few(_positions(samplers, stairs, repeats), MAX_POINTS)
    if not xs:
        return None
    ranked = [
        [ranks_of([value_at(stairs[i], x) for i in repeat]) for x in xs] for repeat in repeats
    ]
    means = [
        [sum(ranks[n][k] for ranks in ranked) / len(repeats) for n in range(len(xs))]
        for k in range(len(samplers))
    ]
    return MeanRanks(samplers, xs, means, len(repeats))


def _repeats(
    samplers: Sequence[Series], stairs: Mapping[int, Sequence[Step]]
) -> list[tuple[int, ...]]:
    """Return the ids of the studies of each repeat, in the order of the samplers."""
    several = [found for found in samplers if found.is_band]
    numbers = [{study.repeat for study in found.studies} for found in several or samplers]
    common = sorted(set.intersection(*numbers)) if numbers else []
    ids = [tuple(_study_of(found, repeat) for found in samplers) for repeat in common]
    return [own for own in ids if all(i in stairs for i in own)]


def _study_of(found: Series, repeat: int) -> int:
    if not found.is_band:
        return found.studies[0].id
    return next(study.id for study in found.studies if study.repeat == repeat)


def _positions(
    samplers: Sequence[Series],
    stairs: Mapping[int, Sequence[Step]],
    repeats: Sequence[tuple[int, ...]],
) -> list[int]:
    """Return the numbers of trials, ascending, that all searches have come to and one steps at."""
    ids = {i for repeat in repeats for i in repeat}
    is_over = {study.id: study.is_finished for found in samplers for study in found.studies}
    start = max(int(stairs[i][0].x) for i in ids)
    end = min((int(stairs[i][-1].x) for i in ids if not is_over[i]), default=None)
    steps = {int(step.x) for i in ids for step in stairs[i]} | (
        {end} if end is not None else set()
    )
    return sorted(x for x in steps if start <= x and (end is None or x <= end))
