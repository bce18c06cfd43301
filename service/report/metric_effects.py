"""What a comparison says in the task's own metrics: accuracy, PSNR, IoU."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from densearch.metric_titles import METRIC_TITLES
from service.records import Trial
from service.report import statistics
from service.report.failures import losses_of
from service.tasks.metric_names import OF_THE_SPLIT, in_order

# Of two metrics that differ in what is shown.
_LEAST_GAP = 5e-5


@dataclass(frozen=True, slots=True)
class MetricEffect:
    """A metric of two arms on the seeds that both completed.

    Attributes:
        name: As results have it.
        n: Number of pairs.
        arm: The arm's mean.
        against: The other arm's mean.
        difference: Mean of arm - against.
        low: Lower end of Student's interval of the difference; None with one pair.
        high: Upper end.
    """

    name: str
    n: int
    arm: float
    against: float
    difference: float
    low: float | None
    high: float | None

    @property
    def words(self) -> str | None:
        """Both means for people, "PSNR 28.0 to 28.3 dB"; None of a metric that few people name."""
        shown = METRIC_TITLES.get(self.name)
        if shown is None:
            return None
        before, after = shown.factor * self.against, shown.factor * self.arm
        digits = _digits(before, after)
        first, second = f"{before:.{digits}f}", f"{after:.{digits}f}"
        values = f"{first} to {second}" if first != second else f"as before at {second}"
        return f"{shown.title} {values} {shown.unit}".rstrip()


def _digits(before: float, after: float) -> int:
    """Return so many digits after the point that the difference is seen, from 1 to 4.

    A difference that four digits do not show is none.
    """
    gap = abs(after - before)
    if gap < _LEAST_GAP:
        return 1
    return next((digits for digits in (1, 2, 3) if gap >= 2.0 * 10.0**-digits), 4)


def metric_effects(
    ours: Sequence[Trial], theirs: Sequence[Trial], level: float
) -> list[MetricEffect]:
    """Compare all metrics of two arms, in the order in which they are shown.

    Args:
        ours: The arm's final trainings.
        theirs: The other arm's.
        level: Two-sided level of the intervals.
    """
    arm, other = _metrics(ours), _metrics(theirs)
    names = {name for found in (arm, other) for own in found.values() for name in own}
    effects = []
    for name in in_order(dict.fromkeys(names - {"loss", *OF_THE_SPLIT})):
        seeds = [
            s for s in sorted(arm.keys() & other.keys()) if name in arm[s] and name in other[s]
        ]
        if seeds:
            pairs = ([found[seed][name] for seed in seeds] for found in (arm, other))
            effects.append(_effect(name, *pairs, level=level))
    return effects


def headline_of(effects: Iterable[MetricEffect]) -> str | None:
    """Return the first metric that people name, in words."""
    return next((own.words for own in effects if own.words is not None), None)


def interval_of_mean(values: Sequence[float]) -> tuple[float, float] | None:
    """Return Student's 95 % interval of a mean; None of one value."""
    found = statistics.student(values, [0.0] * len(values), statistics.CONFIDENCE)
    return None if found.low is None or found.high is None else (found.low, found.high)


def _metrics(trials: Sequence[Trial]) -> dict[int, Mapping[str, float]]:
    counted = losses_of(trials)
    return {
        trial.number: trial.metrics
        for trial in trials
        if trial.number is not None and trial.number in counted and trial.metrics
    }


def _effect(
    name: str, arm: Sequence[float], other: Sequence[float], *, level: float
) -> MetricEffect:
    found = statistics.student(arm, other, 1.0 - level)
    return MetricEffect(
        name=name,
        n=len(arm),
        arm=float(np.mean(arm)),
        against=float(np.mean(other)),
        difference=found.mean,
        low=found.low,
        high=found.high,
    )
