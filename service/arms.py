"""The arms of a run: each study with its sampler and the log that the sampler reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from service import payloads, samplers
from service.density import Density
from service.jobs import SEARCH, spec_of
from service.payloads import Order
from service.records import Job, Study, Trial
from service.rules import lower_bound_of, space_of
from service.samplers import Certainty, Entry, Sampler, StudyPlan
from service.space import Space
from service.spec import JobSpec
from service.states import TrialState


@dataclass
class Arm:
    """A study in a run.

    Attributes:
        waits_for_search: Its one trial depends on the best density of the search.
        log: Ids of its search trials in the order of issue; `entries` the same for the sampler.
        best: Its best confirmed trial, the earliest of equals.
        is_dirty: Whether its sampler has something new to hear.
    """

    study: Study
    sampler: Sampler
    waits_for_search: bool
    log: list[int] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    is_dirty: bool = True
    best: Trial | None = None

    def __post_init__(self) -> None:
        self._index: dict[int, int] = {}

    def append(self, trial: Trial, worst: float) -> None:
        """Add a trial to the log."""
        self._index[trial.id] = len(self.log)
        self.log.append(trial.id)
        self.entries.append(entry_of(trial, worst))
        self._consider(trial)

    def put(self, trial: Trial, worst: float) -> None:
        """Renew a trial's entry."""
        self.entries[self._index[trial.id]] = entry_of(trial, worst)
        self._consider(trial)

    def progress_at(self, trial: Trial) -> float:
        """Return the part of the study's budget that was issued before a trial, from 0."""
        return self._index[trial.id] / self.study.n_trials

    def _consider(self, trial: Trial) -> None:
        self.best = best_of(t for t in (self.best, trial) if t is not None)


def best_of(trials: Iterable[Trial]) -> Trial | None:
    """Return the trial with the least value among those with a place in their study's sequence.

    Of equals the one with the lower number, then the one that was issued first.
    """
    done = [
        trial
        for trial in trials
        if trial.state is TrialState.COMPLETED
        and not trial.is_diverged
        and trial.value is not None
        and trial.number is not None
    ]
    return min(done, key=lambda t: (t.value, t.number, t.id), default=None)


def entry_of(trial: Trial, worst: float) -> Entry:
    """Show a trial to its sampler; one that failed is told as the study's worst value."""
    value = None
    if trial.state is TrialState.COMPLETED:
        value = min(trial.value, worst) if trial.value is not None else worst
    elif trial.state.is_final:
        value = worst
    is_speculative = trial.certainty != Certainty.CERTAIN
    return Entry(tuple(trial.point), value, trial.number, is_speculative)


def open_arm(job: Job, study: Study) -> Arm:
    """Build a study's sampler, with an empty log."""
    spec = spec_of(job)
    plan = StudyPlan(dimension=0, n_trials=study.n_trials, seed=study.seed)
    waits = False
    if study.role == SEARCH:
        wanted = next(s for s in spec.samplers if s.name == study.name)
        plan = replace(
            plan,
            dimension=space_of(spec).dimension,
            batch_size=wanted.batch_size,
            lower_bound=lower_bound_of(spec),
            options=wanted.options,
        )
    else:
        control = next(c for c in spec.controls if c.name == study.name)
        waits = control.name == "flat" and control.factor is None
    return Arm(study, samplers.create(study.sampler, plan), waits)


def order(
    spec: JobSpec, space: Space, every: Sequence[Arm], arm: Arm, point: Sequence[float]
) -> Order:
    """Describe the trial of an arm's point, or of a control's one density."""
    if arm.study.role == SEARCH:
        return payloads.searched(spec, space, point)
    return payloads.fixed(spec, control_density(spec, space, every, arm), {})


def control_density(spec: JobSpec, space: Space, every: Sequence[Arm], arm: Arm) -> Density:
    """Build a control's density; the flat one looks at the best density of the search."""
    searches = [other.best for other in every if other.study.role == SEARCH]
    best = best_of(trial for trial in searches if trial is not None)
    found = payloads.density_of(spec, space, best.point) if best is not None else None
    return payloads.arm_density(spec, arm.study.name, found)


def density_row(
    spec: JobSpec, space: Space, every: Sequence[Arm], arm: Arm
) -> dict[str, Any] | None:
    """Return the columns of an arm's best density with its provenance, None for functions."""
    best = arm.best
    if spec.density is None or best is None:
        return None
    if arm.study.role == SEARCH:
        found = payloads.density_of(spec, space, best.point)
    else:
        found = control_density(spec, space, every, arm)
    values = found.to_dict()
    names = ("family", "kernel_size", "n_dims", "vector", "alpha", "phi", "den")
    return {
        **{name: values[name] for name in names},
        "beta": values.get("beta"),
        "job_id": arm.study.job_id,
        "study_id": arm.study.id,
        "trial_id": best.id,
        "provenance": provenance(spec, arm.study, best),
    }


def provenance(spec: JobSpec, study: Study, best: Trial) -> dict[str, Any]:
    """Say where a density comes from: all that is needed to find it again."""
    return {
        "job": spec.name,
        "job_seed": spec.seed,
        "study": study.name,
        "role": study.role,
        "trial_id": best.id,
        "trial_number": best.number,
        "digest": best.digest,
        "validation_loss": best.value,
        "params": best.params,
        "task": spec.task.model_dump(mode="json"),
        "network": spec.network.model_dump(mode="json") if spec.network else None,
    }
