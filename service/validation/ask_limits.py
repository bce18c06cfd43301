"""Limits on the cost of asks and on a dispatcher's memory, checked at submission.

Not part of `service.validation.parse`, so that stored jobs stay readable when the limits change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from densearch.sampler import StudyPlan
from service import samplers
from service.errors import Fault
from service.extensions.entry_points import PluginError
from service.states import Role
from service.studies import planning
from service.studies.planning import PlannedStudy
from service.studies.resolved import ResolvedSpec
from service.studies.spaces import axis_kinds
from service.validation.json_pointers import escape

# Of all studies of a job together; a dispatcher holds about 2 kB of each, and 300 bytes of each
# coordinate of its point.
MOST_TRIALS = 1_000_000
MOST_COORDINATES = 20_000_000
TRIALS_AT = "/budget/n_trials"
# Usual values: a fault suggests lowering the number that is farthest above its usual value.
USUAL_TRIALS, USUAL_BATCH = 100, 4


@dataclass(frozen=True, slots=True)
class _Knob:
    """An integer of a spec that makes its asks cheaper when it is lowered.

    Attributes:
        name: Its name in a fault.
        at: JSON pointer to it.
        value: Its value.
        usual: Its usual value.
        turned: Returns a plan with another value.
    """

    name: str
    at: str
    value: int
    usual: int
    turned: Callable[[StudyPlan, int], StudyPlan]


def faults(resolved: ResolvedSpec, trials_at: str = TRIALS_AT) -> Iterator[Fault]:
    """Yield a fault for each limit that a job exceeds.

    Args:
        resolved: The job.
        trials_at: JSON pointer to the number of trials in the request.
    """
    yield from _size_faults(resolved, trials_at)
    indices = {wanted.name: index for index, wanted in enumerate(resolved.spec.samplers)}
    for study in resolved.studies:
        if study.role in (Role.SEARCH, Role.TUNED) and study.repeat == 1:
            index = indices.get(study.sampler)
            plan = _plan_of(resolved, study)
            try:
                if samplers.effort_of(study.sampler, plan).excess > 1.0:
                    yield _effort_fault(study, plan, list(_knobs(study, plan, index, trials_at)))
            except PluginError as error:
                yield Fault(trials_at if index is None else f"/samplers/{index}/name", str(error))


def _size_faults(resolved: ResolvedSpec, at: str) -> Iterator[Fault]:
    found = resolved.studies
    dimensions = [resolved.spaces.of(study.name).dimension for study in found]
    n_trials = sum(study.n_trials for study in found)
    n_values = sum(s.n_trials * d for s, d in zip(found, dimensions, strict=True))
    for n, most, what in (
        (n_trials, MOST_TRIALS, "trials"),
        (n_values, MOST_COORDINATES, "searched values of all trials together"),
    ):
        if n > most:
            detail = f"the job's {len(found)} studies have {n:,} {what}, at most {most:,} are"
            yield Fault(at, f"{detail} possible: lower it, or have fewer samplers or repeats")


def _plan_of(resolved: ResolvedSpec, study: PlannedStudy) -> StudyPlan:
    wanted = planning.sampler_of(resolved.spec, study.sampler)
    space = resolved.spaces.of(study.name)
    return StudyPlan(
        space.dimension,
        study.n_trials,
        study.seed,
        batch_size=wanted.batch_size,
        options=wanted.options,
        axes=axis_kinds(space),
    )


def _knobs(
    study: PlannedStudy, plan: StudyPlan, index: int | None, trials_at: str
) -> Iterator[_Knob]:
    yield _Knob("n_trials", trials_at, plan.n_trials, USUAL_TRIALS, _with_trials)
    if index is None or trials_at != TRIALS_AT:  # defaults, or a request for more trials alone
        return
    at = f"/samplers/{index}"
    yield _Knob("batch_size", f"{at}/batch_size", plan.batch_size, USUAL_BATCH, _with_batch)
    for name, usual in samplers.describe(study.sampler).integers().items():
        given = int(str(plan.options.get(name, usual)))
        where = f"{at}/options/{escape(name)}"
        yield _Knob(name, where, given, usual, partial(_with_option, name))


def _with_trials(plan: StudyPlan, value: int) -> StudyPlan:
    return replace(plan, n_trials=value)


def _with_batch(plan: StudyPlan, value: int) -> StudyPlan:
    return replace(plan, batch_size=value)


def _with_option(name: str, plan: StudyPlan, value: int) -> StudyPlan:
    return replace(plan, options={**plan.options, name: value})


def _effort_fault(study: PlannedStudy, plan: StudyPlan, knobs: list[_Knob]) -> Fault:
    """Say what one ask would cost, and which number to lower to which value."""
    # The number that is farthest above its usual value is the likeliest mistake.
    knobs = sorted(knobs, key=lambda knob: -knob.value / knob.usual)
    excess = samplers.effort_of(study.sampler, plan).excess
    detail = (
        f"to propose trials of {plan.dimension} values, {study.sampler} would take "
        f"{excess:,.3g} times the work or memory that one proposal may take"
    )
    remedy = _remedy(study.sampler, plan, knobs)
    return Fault(knobs[0].at, f"{detail}: {remedy}, or use another sampler")


def _remedy(sampler: str, plan: StudyPlan, knobs: Sequence[_Knob]) -> str:
    alone = {knob.name: _most(sampler, plan, knob) for knob in knobs}
    alone = {k.name: n for k in knobs if (n := alone[k.name]) >= k.usual / 2}
    if alone:
        return f"lower {', or '.join(f'{name} to {n:,}' for name, n in alone.items())}"
    together = []
    for knob in knobs:
        if knob.value > knob.usual:
            plan = knob.turned(plan, knob.usual)
            together.append(f"{knob.name} to {knob.usual:,}")
    fits = samplers.effort_of(sampler, plan).excess <= 1.0
    return f"lower {', and '.join(together)}" if fits else "search fewer values"


def _most(sampler: str, plan: StudyPlan, knob: _Knob) -> int:
    """Return the largest value of a number that makes the ask possible, 0 if none does."""
    low, high = 0, knob.value
    while high - low > 1:
        middle = (low + high) // 2
        fits = samplers.effort_of(sampler, knob.turned(plan, middle)).excess <= 1.0
        low, high = (middle, high) if fits else (low, middle)
    return low
