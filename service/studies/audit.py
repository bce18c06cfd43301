"""The audit of short trainings: some that were not promoted are trained in full, too.

The best few of the short trainings show only those that they put first. One drawn from each of
several strata of the others, by their rank, shows what they put last: each stands for its stratum.
`benchmarks/fidelity_audit.py` prints what that recovers.
"""

from __future__ import annotations

from collections.abc import Sequence

from densearch import seeds
from service.records import Study, Trial


def strata(n_others: int, n: int) -> list[range]:
    """Divide the ranks of the trainings that were not promoted into strata.

    Args:
        n_others: How many there are.
        n: How many of them are audited; all where there are no more.

    Returns:
        One stratum for each that is audited, whose sizes differ by at most 1; ranks from 0.
    """
    n = min(n, n_others)
    return [range(n_others * k // n, n_others * (k + 1) // n) for k in range(n)]


def drawn(study: Study, others: Sequence[Trial], n: int) -> list[Trial]:
    """Draw one training of each stratum: each of a stratum with the same probability.

    The draw depends on the study's seed and the numbers of its trials alone, so that it is the
    same at any number of workers and after any death.

    Args:
        study: Whose trials they are.
        others: The search trials that are not promoted, the best first, each training once.
        n: How many are drawn.
    """

    def lot(trial: Trial) -> int:
        return seeds.derive(study.seed, "audit", trial.number or 0)

    return [min((others[i] for i in ranks), key=lot) for ranks in strata(len(others), n)]
