"""Arms compared on the seeds that both have, in one cell and over all."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import fmean, median
from typing import Any

from api.evidence.records import COUNTED, CellRecord, FinalTraining
from service.report.effects import Effect, effect_of, shared
from service.report.meta import Combined, combine
from service.report.statistics import student

DENSITY, PLAIN, TUNED, SCALED = "density_tuned", "uniform", "uniform_tuned", "flat_tuned"
# The chain of arms, each with one more value to tune: learning rate, factor, shape.
CHAIN = ((TUNED, PLAIN), (SCALED, TUNED), (DENSITY, SCALED))


@dataclass(frozen=True, slots=True)
class PrimaryResult:
    """The answer to a cell's question, as its report has it.

    Attributes:
        cell: The cell.
        arm: The density's arm, chosen on the validation split.
        against: The best simpler arm, likewise.
        outcome: See `service.report.primary.Outcome`.
        effect: At the last look; None where the arms share no seed.
        n_looks: Looks that were taken.
        n_seeds: Seeds of the last one.
        is_same_training: Whether both arms were chosen with the same training.
    """

    cell: CellRecord
    arm: str
    against: str
    outcome: str
    effect: Effect | None
    n_looks: int
    n_seeds: int
    is_same_training: bool


def primary_of(cell: CellRecord) -> PrimaryResult:
    """Read the answer of a cell that has a report."""
    answer: Mapping[str, Any] = (cell.report or {})["answer"]
    looks, question = answer["looks"], answer["question"]
    effect = looks[-1]["effect"]
    return PrimaryResult(
        cell,
        question["arm"],
        question["against"],
        answer["outcome"],
        _effect_of(effect) if effect is not None else None,
        len(looks),
        looks[-1]["n_seeds"],
        question["is_same_training"],
    )


def _effect_of(stored: Mapping[str, Any]) -> Effect:
    """Read a stored effect; a later version's may have more fields."""
    known: dict[str, Any] = {own.name: stored.get(own.name) for own in fields(Effect)}
    return Effect(**known)


def losses_of(cell: CellRecord, arm: str) -> dict[int, float]:
    """Return an arm's losses that count, by seed."""
    return {own.seed: own.loss for own in _counted(cell, arm) if own.loss is not None}


def _counted(cell: CellRecord, arm: str) -> list[FinalTraining]:
    return [own for own in cell.trainings if own.arm == arm and own.state == COUNTED]


def searched_arm(cell: CellRecord) -> str | None:
    """Return the search at the job's own learning rate, by the report's choice."""
    best: str | None = (cell.report or {}).get("best_arm")
    return best


def compared(cell: CellRecord, arm: str, against: str) -> Effect | None:
    """Compare two arms of a cell at 5 %; None where they share no seed."""
    return effect_of(losses_of(cell, arm), losses_of(cell, against))


@dataclass(frozen=True, slots=True)
class MetricGain:
    """A metric of two arms on the seeds that both have.

    Attributes:
        gain: Mean of arm - against.
        low: Lower end of Student's interval at 95 %; None with one pair.
        high: Upper end.
        n: Pairs.
    """

    gain: float
    low: float | None
    high: float | None
    n: int


def gain_of(cell: CellRecord, metric: str, arm: str, against: str) -> MetricGain | None:
    """Compare two arms by a metric; None where they share no seed that has it."""
    ours, theirs = (
        {own.seed: own.metrics[metric] for own in _counted(cell, name) if metric in own.metrics}
        for name in (arm, against)
    )
    seeds = shared(ours, theirs)
    if not seeds:
        return None
    found = student([ours[s] for s in seeds], [theirs[s] for s in seeds], 0.95)
    return MetricGain(found.mean, found.low, found.high, len(seeds))


def pooled(results: Sequence[tuple[str, Effect | None]]) -> Combined | None:
    """Combine effects over tasks, as mean log ratios.

    Cells whose test samples come from the same split are no independent estimates: they count as
    one, their mean, with the mean of their standard errors, as if their errors were the same. An
    effect of exactly 1, where both arms are the same training, has no error of its own: it is
    given the median variance of the others.

    Args:
        results: The split of each cell, and its effect.

    Returns:
        None with fewer than two splits that have a ratio with an error.
    """
    ratios = [(split, own) for split, own in results if own is not None and own.unit == "ratio"]
    known = [own.spread**2 / own.n for _, own in ratios if own.spread]
    if not known:
        return None
    by_split: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for split, own in ratios:
        if own.spread is None:
            continue
        variance = own.spread**2 / own.n if own.spread else median(known)
        by_split[split].append((own.mean, math.sqrt(variance)))
    effects = [fmean(y for y, _ in cells) for cells in by_split.values()]
    variances = [fmean(se for _, se in cells) ** 2 for cells in by_split.values()]
    return combine(effects, variances)
