"""The effects of a campaign's cells over test splits: their mean, and on how many there is a gain.

Cells that are judged on one test split share its luck: they are no independent evidence. So the
cells of a split are averaged first, and a split is the unit of both answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from service.campaigns.report.cells import CellResult, LogRatio
from service.report.meta import Combined, combine

# One-sided level of "a gain is shown": half of the two-sided 5 % of a job's question.
LEVEL = 0.025


@dataclass(frozen=True, slots=True)
class SplitEffect:
    """The mean effect of the cells that share a test split.

    Attributes:
        split: Its name.
        n_cells: Cells with a log ratio.
        mean: Mean log ratio of the cells, each with the same weight.
        variance: Of the mean, from training seeds.
        p: One-sided, that no cell has a gain: Bonferroni's over the cells, which may depend.
    """

    split: str
    n_cells: int
    mean: float
    variance: float
    p: float


@dataclass(frozen=True, slots=True)
class Replication:
    """On how many test splits a gain is shown.

    Attributes:
        n_splits: Test splits with a log ratio.
        n_shown: The largest u with which "a gain on fewer than u splits" is rejected at `level`.
        level: One-sided.
    """

    n_splits: int
    n_shown: int
    level: float


def by_split(cells: Sequence[CellResult]) -> list[SplitEffect]:
    """Average the cells of each test split, in the order of the splits' names.

    The errors of trainings are those of different networks, so that the variance of a mean of m
    cells is the sum of theirs over m^2; what they share is the variance between splits. Where both
    arms were the same training the effect is 0 and has no spread of its own: it is given the
    median variance of the others, or it would outweigh them all.
    """
    found: dict[str, list[LogRatio]] = {}
    for cell in cells:
        if cell.effect is not None and cell.split is not None:
            found.setdefault(cell.split, []).append(cell.effect)
    spreads = [e.variance for own in found.values() for e in own if e.variance > 0.0]
    if not spreads:
        return []
    usual = median(spreads)
    return [
        SplitEffect(
            split=split,
            n_cells=len(own),
            mean=fmean(effect.mean for effect in own),
            variance=sum(effect.variance or usual for effect in own) / len(own) ** 2,
            p=min(1.0, len(own) * min(effect.p for effect in own)),
        )
        for split, own in sorted(found.items())
    ]


def pooled(splits: Sequence[SplitEffect]) -> Combined | None:
    """Combine the effects of all splits; None with fewer than 2."""
    return combine([one.mean for one in splits], [one.variance for one in splits])


def replication(splits: Sequence[SplitEffect], level: float = LEVEL) -> Replication:
    """Count the splits on which a gain is shown, by partial conjunction.

    "Fewer than u of n splits have a gain" has Bonferroni's p: n - u + 1 times the u-th least one.
    It holds for splits that depend. The count is the largest u up to which all are rejected.

    Source: R. Dror, G. Baumer, M. Bogomolov and R. Reichart, TACL 5 (2017) 471-486, equation 6.
    """
    ps = sorted(one.p for one in splits)
    n_shown = 0
    for u, p in enumerate(ps, start=1):
        if not (len(ps) - u + 1) * p <= level:
            break
        n_shown = u
    return Replication(len(ps), n_shown, level)
