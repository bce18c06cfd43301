"""The duration of a job: its trainings on a number of workers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from service.costs import workload
from service.costs.figures import Interval, KindOfTraining, total_of
from service.costs.training_cost import TrainingCost
from service.costs.workload import CONFIRMATION, EVALUATION, PROMOTION, Trainings
from service.studies.resolved import ResolvedSpec


def kind_of(
    trainings: Trainings, cost: TrainingCost, width: int, n_together: float
) -> KindOfTraining:
    """Compute the duration of trainings, each as part of a pack.

    Args:
        trainings: Of one kind.
        cost: Of one of them.
        width: The most that share a pack.
        n_together: How many usually do, from 1 to `width`.
    """
    alone = Interval(*cost.epoch_s)
    # A full pack varies as much as one alone; one that is not full is slower for each of its
    # candidates, at worst as slow as one alone.
    full = alone * (cost.pack_epoch_s.get(width, alone.expected) / (alone.expected or 1.0))
    epoch_s = Interval(
        min(full.low, alone.low), _usual_epoch_s(cost, n_together), max(full.high, alone.high)
    )
    low, usual, high = trainings.epochs
    final_s = max(cost.final_s, cost.test_s) if trainings.kind == EVALUATION else cost.final_s
    seconds = Interval(
        final_s / width + low * epoch_s.low,
        (cost.start_s + final_s) / n_together + usual * epoch_s.expected,
        cost.start_s + final_s + high * epoch_s.high,
    )
    return KindOfTraining(
        trainings.kind,
        trainings.n,
        trainings.n_least,
        trainings.n_usual,
        trainings.epochs,
        n_together,
        seconds,
    )


def _usual_epoch_s(cost: TrainingCost, n_together: float) -> float:
    """Return the seconds per epoch and candidate in a pack of a width between those measured."""
    by_width = {**cost.pack_epoch_s, 1: cost.epoch_s[1]}
    if n_together >= max(by_width):
        return by_width[max(by_width)]
    widths = sorted(by_width)
    whole_s = [width * by_width[width] for width in widths]
    return float(np.interp(n_together, widths, whole_s)) / n_together


def time_of(
    resolved: ResolvedSpec, kinds: Sequence[KindOfTraining], width: int, n_workers: int
) -> Interval | None:
    """Bound the time of a schedule that leaves no worker idle while a trial waits.

    The lower end is the work divided evenly, or the longest chain. The upper end is Graham's bound
    for list scheduling: work / workers + chain * (1 - 1 / workers). The evaluation comes last.
    """
    if n_workers == 0:
        return None
    chain = _chain_of(resolved, kinds, width)
    work = total_of(kind.whole for kind in kinds if kind.kind != EVALUATION)
    # Searches end at the limit.
    limit_s = resolved.spec.budget.wall_clock_s or math.inf
    found = Interval(
        min(max(work.low / n_workers, chain.low), limit_s),
        min(max(work.expected / n_workers, chain.expected), limit_s),
        work.high / n_workers + chain.high * (1.0 - 1.0 / n_workers),
    )
    tail = {kind.kind: kind for kind in kinds}.get(EVALUATION)
    if tail is None:
        return found
    n_least, n_usual, n_each = (
        math.ceil(n / n_workers) for n in (tail.n_least, tail.n_usual, tail.n)
    )
    return found + Interval(
        tail.seconds.low * n_least,
        tail.seconds.expected * n_usual,
        # Seeds do not share packs: they may leave the last one to a single worker.
        tail.seconds.high * (n_each + width - 1),
    )


def _chain_of(resolved: ResolvedSpec, kinds: Sequence[KindOfTraining], width: int) -> Interval:
    """Return the time of what must follow one another before the evaluation, a pack each."""
    least, most, n_again = workload.chain_of(resolved)
    searched, found = kinds[0], Interval(0.0, 0.0, 0.0)  # the searches come first
    # Promotions and confirmations are trained together, the latter in all their epochs.
    again = [kind for kind in kinds if kind.kind in (PROMOTION, CONFIRMATION)][-1:]
    for kind, n_least, n_most in [
        (searched, least, most), *((kind, n_again, n_again) for kind in again)
    ]:  # fmt: skip
        found += Interval(
            n_least * kind.seconds.low,
            n_least * kind.seconds.expected * kind.n_together,
            n_most * kind.seconds.high * width,
        )
    return found
