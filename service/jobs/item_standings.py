"""The losses of a job's test items, by arm: what is easy, what is hard, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from service.storage import item_losses
from service.storage.item_losses import JudgedTraining

# Losses that are read for a page: of more, the first seeds of each arm.
MOST_VALUES = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class ItemStandings:
    """The mean loss of each test item over the seeds of each arm.

    Attributes:
        losses: Of each arm, (n,), in the order of the arms in the job.
        n_seeds: Over how many seeds, for each arm the same.
        n_trained: How many seeds have losses, at least `n_seeds`.
        groups: (n,), the source of each item; None where each is a source of its own.
    """

    losses: Mapping[str, NDArray[np.float64]]
    n_seeds: int
    n_trained: int
    groups: NDArray[np.int32] | None

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(next(iter(self.losses.values())))

    def __len__(self) -> int:
        """Return how many values a cache has to keep."""
        return self.n_items * len(self.losses)

    def hardest(self, most: int) -> list[int]:
        """Return the items with the greatest mean loss over the arms, the hardest first."""
        means = np.mean(list(self.losses.values()), axis=0)
        return [int(i) for i in np.lexsort((np.arange(len(means)), -means))[:most]]

    def of_groups(self) -> dict[int, dict[str, float]]:
        """Return the mean loss of each arm over each group's items; {} without groups."""
        if self.groups is None:
            return {}
        return {
            int(group): {
                arm: float(own[self.groups == group].mean()) for arm, own in self.losses.items()
            }
            for group in np.unique(self.groups)
        }


def standings_of(session: Session, job_id: int) -> ItemStandings | None:
    """Return the losses of a job's test items; None where none are kept.

    All arms are compared over the same seeds: those that every arm has losses of.

    Args:
        session: For reading.
        job_id: The job.
    """
    by_arm: dict[str, dict[int, JudgedTraining]] = {}
    for one in item_losses.judged(session, job_id):
        by_arm.setdefault(one.arm, {})[one.seed] = one
    seeds = sorted(set.intersection(*map(set, by_arm.values()))) if by_arm else []
    first = (
        item_losses.get(session, by_arm[next(iter(by_arm))][seeds[0]].digest) if seeds else None
    )
    if first is None:
        return None
    most = max(MOST_VALUES // (first.n_items * len(by_arm)), 1)
    losses = {
        arm: _mean(session, [own[seed] for seed in seeds[:most]], first.n_items)
        for arm, own in by_arm.items()
    }
    known = {arm: own for arm, own in losses.items() if own is not None}
    return ItemStandings(known, min(len(seeds), most), len(seeds), first.groups) if known else None


def _mean(
    session: Session, trainings: list[JudgedTraining], n_items: int
) -> NDArray[np.float64] | None:
    total = np.zeros(n_items)
    for one in trainings:
        found = item_losses.get(session, one.digest)
        if found is None or found.losses is None or found.n_items != n_items:
            return None
        total += found.losses
    mean: NDArray[np.float64] = total / len(trainings)
    return mean
