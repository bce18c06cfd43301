"""The effect of one arm against another on the same seeds, in percent of the loss.

Losses above zero are compared by their log ratios: a ratio means the same whatever the scale of
the loss, and its interval does not take the other arm's mean as known. Losses that may be zero or
below are compared by their differences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from service.report import statistics

Unit = Literal["ratio", "share", "difference"]
Losses = Mapping[int, float]

POWER = 0.8
# Of a log ratio, either way: a loss 1e13 times another. Beyond it a ratio less 1 is no number that
# leads back: two pairs of which one nearly diverged have ends of 1e-30 and 1e300.
MOST_LOG = 30.0
# Equal differences of fewer pairs are chance.
LEAST_PAIRS = 3


@dataclass(frozen=True, slots=True)
class Effect:
    """How much an arm's loss lies above another's, on the seeds that both completed.

    Attributes:
        n: Number of pairs.
        n_better: Pairs in which the arm is better; a tie counts for neither.
        unit: What `change` and its ends are: "ratio", the ratio of the losses less 1, from mean
            log ratios; "share", the mean difference over the other arm's mean loss; "difference",
            the mean difference, where that mean is 0.
        change: Negative where the arm is better.
        low: Lower end of the interval; None with fewer than 2 pairs.
        high: Upper end.
        level: Two-sided level of the interval, such as 0.05.
        p: Two-sided, paired t test, uncorrected; None with fewer than 2 pairs.
        spread: Standard deviation of a pair on the scale that is compared (logs for ratios); None
            with fewer than 2 pairs.
        detectable: The smallest change that this number of pairs would show with a probability of
            80 %, at the level and the spread seen; None with fewer than 2 pairs or without spread.
    """

    n: int
    n_better: int
    unit: Unit
    change: float
    low: float | None
    high: float | None
    level: float
    p: float | None
    spread: float | None
    detectable: float | None

    @property
    def mean(self) -> float:
        """Mean of a pair on the scale that is compared, as `spread`: the mean log ratio."""
        return scaled_of(self.unit, self.change)

    @property
    def is_better(self) -> bool:
        """Whether the whole interval lies below 0."""
        return self.high is not None and self.high < 0.0

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval lies above 0."""
        return self.low is not None and self.low > 0.0

    @property
    def is_same(self) -> bool:
        """Whether both arms have the same loss on every seed: they are the same trainings."""
        return self.low == self.high == 0.0

    def is_within(self, margin: float) -> bool:
        """Whether the whole interval lies within the margin, a share of the loss."""
        if self.low is None or self.high is None or self.unit == "difference":
            return False
        return -margin < self.low and self.high < margin


def share_of(log: float) -> float:
    """Return a log ratio as a share of the loss: -0.05 is 5 % lower; cut off at `MOST_LOG`."""
    return math.expm1(min(max(log, -MOST_LOG), MOST_LOG))


def log_of(share: float) -> float:
    """Return a share of the loss, at least -1, as a log ratio; cut off at `MOST_LOG`."""
    least, most = math.expm1(-MOST_LOG), math.expm1(MOST_LOG)
    return math.log1p(min(max(share, least), most))


def change_of(unit: Unit, scaled: float) -> float:
    """Return a mean on the scale that is compared as what is shown: of a log ratio the share."""
    return share_of(scaled) if unit == "ratio" else scaled


def scaled_of(unit: Unit, change: float) -> float:
    """Return a change that is shown, at least -1 of a ratio, on the scale that is compared."""
    return log_of(change) if unit == "ratio" else change


def chance_of(effect: Effect, margin: float) -> float | None:
    """Return the probability that the arm's loss is lower by more than a margin.

    It is that of Student's t around the mean of the pairs, with no knowledge from other jobs.

    Args:
        effect: The arm against another.
        margin: Share of the loss.

    Returns:
        None with fewer than 2 pairs, without spread, or where there are no shares.
    """
    if not effect.spread or effect.unit == "difference":
        return None
    from scipy.special import stdtr

    limit, error = scaled_of(effect.unit, -margin), effect.spread / math.sqrt(effect.n)
    return float(stdtr(effect.n - 1, (limit - effect.mean) / error))


def shared(ours: Losses, theirs: Losses) -> list[int]:
    """Return the indices of the seeds that both completed, in order."""
    return sorted(ours.keys() & theirs.keys())


def effect_of(ours: Losses, theirs: Losses, level: float = 0.05) -> Effect | None:
    """Compare an arm with another on the seeds that both completed.

    Args:
        ours: The arm's losses by the index of their seed.
        theirs: The other arm's.
        level: Two-sided level of the interval, in (0, 1).

    Returns:
        None where they share no seed.
    """
    seeds = shared(ours, theirs)
    if not seeds:
        return None
    arm, other = ([losses[seed] for seed in seeds] for losses in (ours, theirs))
    unit, mine, its = _on_scale(arm, other)
    found = statistics.student(mine, its, 1.0 - level, scale=1.0)
    low, high, p = found.low, found.high, found.p
    if found.sd == 0.0 and len(seeds) < LEAST_PAIRS and low != 0.0:
        low = high = p = None  # two equal differences say nothing of their spread
    return Effect(
        n=len(seeds),
        n_better=int(np.count_nonzero(np.subtract(mine, its) < 0.0)),
        unit=unit,
        change=change_of(unit, found.mean),
        low=None if low is None else change_of(unit, low),
        high=None if high is None else change_of(unit, high),
        level=level,
        p=p,
        spread=found.sd,
        detectable=_detectable(unit, len(seeds), found.sd, level),
    )


def _on_scale(
    arm: Sequence[float], other: Sequence[float]
) -> tuple[Unit, list[float], list[float]]:
    """Return the unit, and both arms' losses on its scale."""
    unit, scale = unit_of(arm, other)
    if unit == "ratio":
        return unit, [math.log(x) for x in arm], [math.log(x) for x in other]
    return unit, [x / scale for x in arm], [x / scale for x in other]


def unit_of(arm: Sequence[float], other: Sequence[float]) -> tuple[Unit, float]:
    """Return the unit in which losses are compared, and what differences are divided by."""
    if min(*arm, *other) > 0.0:
        return "ratio", 1.0
    mean = abs(float(np.mean(other)))
    return ("difference", 1.0) if mean == 0.0 else ("share", mean)


def _detectable(unit: Unit, n: int, sd: float | None, level: float) -> float | None:
    """Return the change that is detected with a probability of `POWER`, as a positive share.

    The power of Student's test is that of the noncentral t distribution.
    """
    if not sd:
        return None
    from scipy.special import nctdtrinc, stdtrit

    limit = float(stdtrit(n - 1, 1.0 - level / 2.0))
    noncentrality = float(nctdtrinc(n - 1, 1.0 - POWER, limit))
    return change_of(unit, noncentrality * sd / math.sqrt(n))


def by_holm(ps: Sequence[float | None], level: float) -> list[float]:
    """Return for each test the level of its step in Holm's procedure.

    A test is significant exactly where its interval at this level excludes 0: the procedure's
    decision and the intervals shown agree.

    Args:
        ps: p of each test; None where there is none.
        level: Of the whole family.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.
    """
    order = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    levels = [level / max(len(order), 1)] * len(ps)
    for step, (p, index) in enumerate(order):
        own = level / (len(order) - step)
        if p > own:
            for _, rest in order[step:]:
                levels[rest] = own
            break
        levels[index] = own
    return levels
