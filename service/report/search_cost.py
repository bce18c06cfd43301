"""What the searches of a job cost: their trainings, and how many full ones that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum

from service.records import Trial
from service.report.fidelity import distinct, epochs_run, full_epochs
from service.states import TRAINED_AGAIN, Phase
from service.studies.resolved import TrainingJob


@dataclass(frozen=True, slots=True)
class SearchCost:
    """What the searches of a job cost, the full trainings of their best included.

    A training that several studies share is counted once; one whose result was known before is
    counted, too. Trainings that diverged or failed are not.

    Attributes:
        n_trainings: How many there are.
        full_trainings: In how many full trainings there are as many epochs.
        core_s: Core-seconds that they took, those of known results included.
    """

    n_trainings: int
    full_trainings: float
    core_s: float


def search_cost_of(resolved: TrainingJob, trials: Iterable[Trial]) -> SearchCost:
    """Count what the searches of a job cost.

    Sums are exact: they do not depend on the order of the trials, which is that of arrival.

    Args:
        resolved: The job.
        trials: The trials that the spec requires (see `service.report.build`).
    """
    every = list(trials)
    done = [t for phase in (Phase.SEARCH, *TRAINED_AGAIN) for t in distinct(every, phase)]
    full = fsum(epochs_run(t) / max(full_epochs(resolved, t), 1) for t in done)
    seconds = fsum(t.training_s or 0.0 for t in done)
    cores = resolved.spec.resources.cpus_per_trial
    return SearchCost(len(done), full, cores * seconds)
