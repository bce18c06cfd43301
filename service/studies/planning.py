"""The studies of a job: which searches and controls its spec asks for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from densearch import seeds
from densearch.sampler import StudyPlan
from service import samplers
from service.control_sections import ControlSpec
from service.records import Study
from service.samplers import CONTROL_SAMPLER
from service.spec import NESTED_SINCE, Choices, JobSpec, SamplerSpec
from service.states import Role
from service.studies.spaces import TUNED, UNIFORM_TUNED, Spaces

# How many of a study's best are trained with further seeds, where none are promoted.
N_FINALISTS = 3
# Trials for each value that a tuned control searches, at least.
LEAST_PER_VALUE = 8


@dataclass(frozen=True, slots=True)
class PlannedStudy:
    """A study before it is stored; see `service.records.Study`."""

    name: str
    role: Role
    sampler: str
    repeat: int
    n_trials: int
    seed: int


def planned(spec: JobSpec, spaces: Spaces) -> list[PlannedStudy]:
    """Return the studies of a complete spec: searches, controls, better speculations.

    Args:
        spec: The job's.
        spaces: Its search spaces: the sampler that is proposed depends on their dimension.
    """
    searches = list(_searches(spec))
    return [*searches, *_controls(spec, spaces), *_speculations(spec, searches)]


def _searches(spec: JobSpec) -> Iterator[PlannedStudy]:
    for wanted in spec.samplers:
        info = samplers.describe(wanted.name)
        n_repeats = spec.repeats if info.capabilities.seeded else 1
        n_trials = 1 if info.is_learned else spec.budget.n_trials
        for repeat in range(1, n_repeats + 1):
            name = wanted.name if n_repeats == 1 else f"{wanted.name}-{repeat}"
            # The first repeat is the search of a job without repeats.
            parts = (wanted.name,) if repeat == 1 else (wanted.name, repeat)
            seed = seeds.derive(spec.seed, Role.SEARCH.value, *parts)
            yield PlannedStudy(name, Role.SEARCH, wanted.name, repeat, n_trials, seed)


def _controls(spec: JobSpec, spaces: Spaces) -> Iterator[PlannedStudy]:
    for control in spec.controls:
        seed = seeds.derive(seed_of(spec, control.study), Role.CONTROL.value, control.study)
        if control.name in TUNED:
            sampler, n_trials = tuner(spec, control, spaces), tuned_trials(spec, control, spaces)
            yield PlannedStudy(control.name, Role.TUNED, sampler, 1, n_trials, seed)
        else:
            yield PlannedStudy(control.study, Role.CONTROL, CONTROL_SAMPLER, 1, 1, seed)


def rate_seed(spec: JobSpec) -> int | None:
    """Return the job seed that jobs share for tuning their rate; None where they share none."""
    return spec.tuned_rate.seed if spec.tuned_rate is not None else None


def seed_of(spec: JobSpec, study: str) -> int:
    """Return the job seed of a study's trainings on the validation split."""
    shared = rate_seed(spec)
    return shared if shared is not None and study == UNIFORM_TUNED else spec.seed


def validation_seeds_of(spec: JobSpec, study: str) -> int:
    """Return with how many validation seeds the best of a study are trained.

    Where jobs share the tuning of their rate, that alone is chosen with several: nothing is judged
    by what the searches chose.
    """
    is_rate_alone = rate_seed(spec) is not None and study != UNIFORM_TUNED
    return 1 if is_rate_alone else spec.validation_seeds


def tuned_trials(spec: JobSpec, control: ControlSpec, spaces: Spaces) -> int:
    """Return the budget of a tuned control: from the second method on in proportion to its values.

    A search of two values at the trials of one is a worse search: what it finds would be compared
    by its budget, not by what it searches. Each value has the trials that a value of the searches
    has, and `LEAST_PER_VALUE` of a budget that is not smaller itself.
    """
    n_trials = spec.budget.n_trials
    if spec.method < NESTED_SINCE:
        return n_trials
    each = max(n_trials / spaces.searches.dimension, min(n_trials, LEAST_PER_VALUE))
    return math.ceil(each * spaces.of(control.name).dimension)


def _speculations(spec: JobSpec, searches: list[PlannedStudy]) -> Iterator[PlannedStudy]:
    for study in searches:
        if spec.use_speculation and samplers.describe(study.sampler).capabilities.speculative:
            name = speculation_of(study.name)
            yield PlannedStudy(name, Role.SPECULATION, CONTROL_SAMPLER, study.repeat, 0, 0)


def speculation_of(name: str) -> str:
    """Return the name of the arm that holds a study's better speculation."""
    return f"{name}_speculation"


def tuner(spec: JobSpec, control: ControlSpec, spaces: Spaces) -> str:
    """Return the sampler that tunes a control: the control's own, else the first that can."""
    if control.sampler is not None:
        return control.sampler
    has_choices = any(isinstance(wanted, Choices) for wanted in spec.search.values())
    for wanted in spec.samplers:
        info = samplers.describe(wanted.name)
        if not info.is_learned and (info.capabilities.categorical or not has_choices):
            return wanted.name
    n_values = spaces.of(control.name).dimension
    return samplers.recommended(n_values, has_categories=has_choices)


def n_finalists(spec: JobSpec, n_trials: int) -> int:
    """Return how many of a study's best are trained again before one of them is chosen.

    In full where the search trains short, audited ones included; with further seeds where the
    spec asks for them.
    """
    short = spec.fidelity
    n = short.promote + short.audit if short is not None else N_FINALISTS
    return min(n, n_trials)


def short_epochs(epochs: int, fraction: float) -> int:
    """Return how many epochs a short training has of so many, at least one."""
    return max(1, round(epochs * fraction))


def sampler_of(spec: JobSpec, name: str) -> SamplerSpec:
    """Return what a spec says of a sampler; the defaults of one that only tunes a control."""
    return next((s for s in spec.samplers if s.name == name), None) or SamplerSpec(name=name)


def round_size_of(spec: JobSpec, study: PlannedStudy | Study, spaces: Spaces) -> int | None:
    """Return how many trials of a search depend on no value of one another.

    None for a sampler without rounds: which of its points are sure depends on the values.
    """
    if samplers.describe(study.sampler).capabilities.speculative:
        return None
    dimension = spaces.of(study.name).dimension
    batch_size = sampler_of(spec, study.sampler).batch_size
    plan = StudyPlan(dimension, study.n_trials, study.seed, batch_size=batch_size)
    return samplers.round_size(study.sampler, plan)


def control_of(spec: JobSpec, name: str) -> ControlSpec | None:
    """Return the control whose study has this name, None where a search has it."""
    return next((control for control in spec.controls if control.study == name), None)
