"""Which jobs ask too much of their samplers or of a dispatcher's memory; judged at submission.

Not part of `service.rules`: a stored job stays readable whatever the caps have become.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from service import planning, samplers
from service.errors import Fault
from service.planning import PlannedStudy
from service.pointers import escape
from service.samplers import StudyPlan
from service.spec import JobSpec
from service.states import Role

# Of all studies of a job together; a dispatcher holds about 2 kB of each, and 300 bytes of each
# coordinate of its point.
MOST_TRIALS = 1_000_000
MOST_COORDINATES = 20_000_000
TRIALS_AT = "/budget/n_trials"
# What the numbers usually are: the one farthest from it is the likeliest to be lowered.
USUAL_TRIALS, USUAL_BATCH = 100, 4


@dataclass(frozen=True, slots=True)
class _Knob:
    """A whole number of a spec that makes its asks cheaper when it is lowered."""

    name: str
    at: str
    value: int
    usual: int
    turned: Callable[[int], StudyPlan]


def faults(spec: JobSpec, trials_at: str = TRIALS_AT) -> Iterator[Fault]:
    """Yield what a complete spec asks too much of.

    Args:
        spec: Complete, its data known.
        trials_at: Where the request says the number of trials.
    """
    found = list(planning.planned(spec))
    yield from _size_faults(spec, found, trials_at)
    indices = {wanted.name: index for index, wanted in enumerate(spec.samplers)}
    for study in found:
        if study.role in (Role.SEARCH, Role.TUNED) and study.repeat == 1:
            index = indices.get(study.sampler)
            plan = _plan_of(spec, study)
            if samplers.effort_of(study.sampler, plan).excess > 1.0:
                yield _effort_fault(study, plan, list(_knobs(study, plan, index, trials_at)))


def _size_faults(spec: JobSpec, found: list[PlannedStudy], at: str) -> Iterator[Fault]:
    dimensions = [planning.space_of(spec, study.name).dimension for study in found]
    n_trials = sum(study.n_trials for study in found)
    n_values = sum(s.n_trials * d for s, d in zip(found, dimensions, strict=True))
    for n, most, what in (
        (n_trials, MOST_TRIALS, "trials"),
        (n_values, MOST_COORDINATES, "searched values of all trials together"),
    ):
        if n > most:
            detail = f"the job's {len(found)} studies have {n:,} {what}, at most {most:,} are"
            yield Fault(at, f"{detail} possible: lower it, or have fewer samplers or repeats")


def _plan_of(spec: JobSpec, study: PlannedStudy) -> StudyPlan:
    wanted = planning.sampler_of(spec, study.sampler)
    space = planning.space_of(spec, study.name)
    return StudyPlan(
        space.dimension,
        study.n_trials,
        study.seed,
        batch_size=wanted.batch_size,
        options=wanted.options,
        axes=planning.axis_kinds(space),
    )


def _knobs(
    study: PlannedStudy, plan: StudyPlan, index: int | None, trials_at: str
) -> Iterator[_Knob]:
    yield _Knob(
        "n_trials", trials_at, plan.n_trials, USUAL_TRIALS, lambda n: replace(plan, n_trials=n)
    )
    if index is None or trials_at != TRIALS_AT:  # defaults, or a request for more trials alone
        return
    at = f"/samplers/{index}"
    yield _Knob(
        "batch_size",
        f"{at}/batch_size",
        plan.batch_size,
        USUAL_BATCH,
        lambda n: replace(plan, batch_size=n),
    )
    for option in samplers.describe(study.sampler).options:
        if option.kind == "integer":
            given = int(str(plan.options.get(option.name, option.default)))
            turned = _turning(plan, option.name)
            where = f"{at}/options/{escape(option.name)}"
            yield _Knob(option.name, where, given, int(option.default), turned)


def _turning(plan: StudyPlan, name: str) -> Callable[[int], StudyPlan]:
    def turned(value: int) -> StudyPlan:
        options: Mapping[str, object] = {**plan.options, name: value}
        return replace(plan, options=options)

    return turned


def _effort_fault(study: PlannedStudy, plan: StudyPlan, knobs: list[_Knob]) -> Fault:
    """Say what one ask would take, and how far each number alone would have to be lowered."""
    effort = samplers.effort_of(study.sampler, plan)
    most = {knob.name: _most(study, knob) for knob in knobs}
    remedies = [f"{name} to {n:,}" for name, n in most.items() if n is not None]
    helping = [knob for knob in knobs if most[knob.name] is not None] or knobs
    culprit = max(helping, key=lambda knob: knob.value / knob.usual)
    detail = (
        f"to propose trials of {plan.dimension} values, {study.sampler} would take "
        f"{effort.excess:,.3g} times the work or memory that one proposal may take"
    )
    remedy = f"lower {', or '.join(remedies)}" if remedies else "lower several of its numbers"
    return Fault(culprit.at, f"{detail}: {remedy}, or use another sampler")


def _most(study: PlannedStudy, knob: _Knob) -> int | None:
    """Return the largest value of a number that makes the ask possible, None if none does."""

    def fits(value: int) -> bool:
        return samplers.effort_of(study.sampler, knob.turned(value)).excess <= 1.0

    low, high = 1, knob.value
    if not fits(low):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
