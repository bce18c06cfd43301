"""What earlier jobs say of a job's density: those of its kind, on other test splits.

The effect on a new task is shrunk towards what was found on others: of many jobs the one with the
largest gain was lucky, too. Jobs that share a test split are no independent evidence: they are
averaged first, and those that share the job's own are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from service.report.decision import Basis
from service.report.effects import share_of
from service.report.meta import Combined, combine


@dataclass(frozen=True, slots=True)
class EarlierJob:
    """A job that counts.

    Attributes:
        job_id: Its id.
        name: Its name.
        test_split: Of its data.
        n: Pairs of seeds.
        effect: Mean log ratio of its density's arm against its best simpler one.
        variance: Of that mean, above 0.
    """

    job_id: int
    name: str
    test_split: str
    n: int
    effect: float
    variance: float

    @property
    def change(self) -> float:
        """Its effect as a share of the loss, below 0 where the density was better."""
        return share_of(self.effect)


def is_of_kind(basis: Basis, other: Basis) -> bool:
    """Whether another job is of the same kind, and surely on another test split."""
    return (
        bool(basis.test_split and other.test_split)
        and other.task == basis.task
        and other.kernel_sizes == basis.kernel_sizes
        and other.test_split != basis.test_split
    )


def earlier_job(job_id: int, name: str, basis: Basis) -> EarlierJob | None:
    """Return what a job contributes, None where it has no ratio against a tuned simpler arm.

    Where no density was found that is better, the effect is 0, and its error that of two arms of
    that job. A density whose trainings failed more often was not compared.
    """
    if not basis.is_rate_tuned or basis.unit != "ratio" or basis.outcome == "less reliable":
        return None
    is_none = basis.outcome == "none found"
    effect, spread = (0.0, basis.noise) if is_none else (basis.mean, basis.spread)
    if effect is None or not spread or basis.n < 2:
        return None
    return EarlierJob(job_id, name, basis.test_split, basis.n, effect, spread**2 / basis.n)


def combined(found: Iterable[EarlierJob]) -> Combined | None:
    """Combine the effects of earlier jobs, one for each test split; None with fewer than two.

    Those of a split share its items and perhaps trainings: their mean has the mean of their
    variances.
    """
    by_split: dict[str, list[EarlierJob]] = defaultdict(list)
    for one in sorted(found, key=lambda one: one.job_id):
        by_split[one.test_split].append(one)
    return combine(
        [fmean(one.effect for one in own) for own in by_split.values()],
        [fmean(one.variance for one in own) for own in by_split.values()],
    )
