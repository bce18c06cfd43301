"""The effect of one arm against another over seeds and items: for other items of the same kind.

With the losses a and b of two arms' trainings s on the items of a test split, in groups g (an item
without a group is one), the effect of a seed is r_s = ln(sum_g a_sg / sum_g b_sg), and to first
order each group contributes G (a_sg / sum a_s - b_sg / sum b_s) to it. These are a table of seeds
and groups. Seeds and groups are drawn separately and both are random, so the variance of the mean
effect is

    S_seeds^2 / R + S_groups^2 / G,

the sample variances of the R means of seeds and of the G means of groups. The pigeonhole bootstrap
resamples seeds and groups separately, and its variance is this one with divisors R and G in place
of R - 1 and G - 1, and with the residual of the table added once more. The residual is counted in
both terms already; so the interval is wide enough, and benchmarks/item_intervals.py shows by how
much. Its half width is Student's, with the degrees of freedom of Welch and Satterthwaite.

All is a function of the losses: nothing is drawn.

Source: A. B. Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007) 386-411.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.item_losses import LEAST_GROUPS, ItemLosses
from service.report.effects import Unit, change_of, unit_of

Array = NDArray[np.float64]
Pairs = Sequence[tuple[ItemLosses, ItemLosses]]


@dataclass(frozen=True, slots=True)
class ItemEffect:
    """An arm against another over seeds and items.

    Attributes:
        n_seeds: Trainings of each arm.
        n_items: Items of the test split; None where it is not known.
        n_groups: Groups that they lie in; items without are one each.
        unit: That of `low` and `high`, see `service.report.effects.Effect`.
        change: The effect, as over seeds alone.
        low: Lower end of the interval over seeds and items; None where none is given.
        high: Upper end.
        level: Two-sided level, that of the interval over seeds.
        item_share: Part of the variance that items have, in [0, 1]; more seeds do not lower it.
        reason: Why no interval is given.
    """

    n_seeds: int
    n_items: int | None
    n_groups: int | None
    unit: Unit | None
    change: float | None
    low: float | None
    high: float | None
    level: float
    item_share: float | None
    reason: str | None


def item_effect_of(
    ours: Sequence[str], theirs: Sequence[str], known: Mapping[str, ItemLosses], level: float
) -> ItemEffect:
    """Compare two arms over seeds and items.

    Args:
        ours: Digests of the arm's trainings that count, in the order of their seeds.
        theirs: The other arm's, of the same seeds.
        known: The losses of items that were kept, by digest.
        level: Two-sided level of the interval, in (0, 1).
    """
    found = [known[digest] for digest in (*ours, *theirs) if digest in known]
    n_items = found[0].n_items if found else None
    nothing = _nothing(len(ours), n_items, level)
    if len(found) < len(ours) + len(theirs):
        lost = f"{len(ours) + len(theirs) - len(found)} of {len(ours) + len(theirs)} trainings"
        return replace(nothing, reason=f"{lost} have no losses of items")
    if not _are_alike(found):
        return replace(nothing, reason="the trainings were judged on different items")
    if found and found[0].losses is None:
        return replace(nothing, reason="the losses of so many items are not kept")
    pairs = [(known[one], known[two]) for one, two in zip(ours, theirs, strict=True)]
    return _compared(pairs, nothing) if pairs else nothing


def _nothing(n_seeds: int, n_items: int | None, level: float) -> ItemEffect:
    few = "at least 2 final trainings of both arms that count are needed"
    return ItemEffect(n_seeds, n_items, None, None, None, None, None, level, None, few)


def _are_alike(found: Sequence[ItemLosses]) -> bool:
    """Whether all trainings were judged on the same number of items in the same groups."""
    groups = found[0].groups if found else None
    return all(
        one.n_items == found[0].n_items
        and (one.groups is None) == (groups is None)
        and (one.losses is None) == (found[0].losses is None)
        and (one.groups is None or groups is None or bool((one.groups == groups).all()))
        for one in found
    )


def _compared(pairs: Pairs, nothing: ItemEffect) -> ItemEffect:
    first = pairs[0][0]
    sources = np.arange(first.n_items) if first.groups is None else first.groups
    _, index = np.unique(sources, return_inverse=True)
    n_groups = int(index.max()) + 1
    known = replace(nothing, n_groups=n_groups)
    if len(pairs) < 2:
        return known
    if n_groups < LEAST_GROUPS:
        they_are = f"its items lie in {n_groups} of them"
        reason = f"at least {LEAST_GROUPS} groups of items are needed, and {they_are}"
        return replace(known, reason=reason)
    table = _Table.of(pairs, index, n_groups)
    half, share = table.half_width(nothing.level)
    ends = (table.mean - half, table.mean + half)
    low, high = (change_of(table.unit, end) for end in ends)
    change = change_of(table.unit, table.mean)
    return replace(
        known, unit=table.unit, change=change, low=low, high=high, item_share=share, reason=None
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """The table of seeds and groups, by what the interval needs of it.

    Attributes:
        unit: Of the effects.
        effects: (R,), of each seed.
        parts: (G,), the mean over seeds of what a group contributes to an effect.
    """

    unit: Unit
    effects: Array
    parts: Array

    @classmethod
    def of(cls, pairs: Pairs, index: NDArray[np.intp], n_groups: int) -> _Table:
        """Sum the losses of each training by group, a training at a time."""
        n_items = len(index)
        means = np.array([[_mean(one), _mean(two)] for one, two in pairs])
        unit, scale = unit_of(*means.T.tolist())
        sizes = np.bincount(index, minlength=n_groups)
        parts = np.zeros(n_groups)
        for (one, two), (mean, other) in zip(pairs, means, strict=True):
            a, b = (_sums(each, index, n_groups) for each in (one, two))
            if unit == "ratio":
                parts += a / (n_items * mean) - b / (n_items * other)
            else:
                parts += (a - b - (mean - other) * sizes) / (n_items * scale)
        if unit == "ratio":
            effects = np.log(means[:, 0]) - np.log(means[:, 1])
        else:
            effects = (means[:, 0] - means[:, 1]) / scale
        return cls(unit, effects, n_groups * parts / len(pairs))

    @property
    def mean(self) -> float:
        """The mean effect."""
        return float(self.effects.mean())

    def half_width(self, level: float) -> tuple[float, float | None]:
        """Return half of the interval's width, and the share of the variance that items have.

        It is not less than that of the interval over seeds alone.
        """
        from scipy.special import stdtrit

        n_seeds, n_groups = len(self.effects), len(self.parts)
        of_seeds = float(self.effects.var(ddof=1)) / n_seeds
        of_items = float(self.parts.var(ddof=1)) / n_groups
        total = of_seeds + of_items
        if total == 0.0:
            return 0.0, None
        df = total**2 / (of_seeds**2 / (n_seeds - 1) + of_items**2 / (n_groups - 1))
        half, least = (
            float(stdtrit(freedom, 1.0 - level / 2.0)) * math.sqrt(variance)
            for freedom, variance in ((df, total), (n_seeds - 1, of_seeds))
        )
        return max(half, least), of_items / total


def _losses(one: ItemLosses) -> NDArray[np.float32]:
    if one.losses is None:
        raise ValueError("losses of items were not kept")
    return one.losses


def _mean(one: ItemLosses) -> float:
    return float(_losses(one).mean(dtype=np.float64))


def _sums(one: ItemLosses, index: NDArray[np.intp], n_groups: int) -> Array:
    return np.bincount(index, weights=_losses(one), minlength=n_groups).astype(np.float64)
