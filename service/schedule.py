"""How long a job takes: its trainings on so many workers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from service import workload
from service.costs import TrainingCost
from service.estimate_values import Interval, KindOfTraining, total_of
from service.spec import JobSpec
from service.workload import EVALUATION, Trainings


def kind_of(trainings: Trainings, cost: TrainingCost, width: int) -> KindOfTraining:
    """Say what trainings take, each as part of a pack of so many."""
    alone = Interval(*cost.epoch_s)
    packed = cost.pack_epoch_s.get(width, alone.expected)
    # A pack that is not full is slower for each of its candidates, at worst as slow as one alone.
    seconds = Interval(
        min(packed, alone.low), packed if width > 1 else alone.expected, max(packed, alone.high)
    )
    around_s = (cost.start_s + cost.final_s) / width
    low, usual, high = trainings.epochs
    whole = Interval(
        cost.final_s / width + low * seconds.low,
        around_s + usual * seconds.expected,
        cost.start_s + cost.final_s + high * seconds.high,
    )
    return KindOfTraining(trainings.kind, trainings.n, trainings.epochs, whole)


def time_of(
    spec: JobSpec, kinds: Sequence[KindOfTraining], width: int, n_workers: int
) -> Interval | None:
    """Bound the time of a schedule that leaves no worker idle while a trial waits.

    At least: all the work shared out evenly, or the longest chain. At most, by Graham's bound for
    list scheduling: work / workers + chain * (1 - 1 / workers). The evaluation comes after all.
    """
    if n_workers == 0:
        return None
    least, most, n_promotions = workload.chain_of(spec)
    by_kind = {kind.kind: kind for kind in kinds}
    searched = kinds[0].seconds  # the searches come first
    promoted = by_kind["promotion"].seconds * n_promotions if n_promotions else searched * 0.0
    chain = Interval(
        least * searched.low + promoted.low,
        least * searched.expected + promoted.expected,
        most * searched.high * width + promoted.high * width,
    )
    work = total_of(kind.seconds * kind.n for kind in kinds if kind.kind != EVALUATION)
    found = Interval(
        max(work.low / n_workers, chain.low),
        max(work.expected / n_workers, chain.expected),
        work.high / n_workers + chain.high * (1.0 - 1.0 / n_workers),
    )
    tail = by_kind.get(EVALUATION)
    return found + tail.seconds * math.ceil(tail.n / n_workers) if tail is not None else found
