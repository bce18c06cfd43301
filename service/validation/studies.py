"""Rules of a spec's studies: what samplers can search, what controls take, when to prune."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress

from service import samplers
from service.control_sections import ControlSpec
from service.errors import Fault, UnknownSamplerError
from service.extensions.entry_points import PluginError
from service.pruning_sections import HalvingPruning, MedianPruning, Pruning
from service.samplers import SamplerInfo
from service.spec import (
    Choices,
    JobSpec,
    SamplerSpec,
)
from service.states import Role
from service.studies import planning
from service.studies.external import training_of
from service.studies.spaces import TUNED
from service.tasks.external import ExternalTask
from service.tasks.function import FunctionTask
from service.tasks.sections import data_of
from service.validation import density, given_densities, gradient, tuned_rate
from service.validation.json_pointers import escape
from service.validation.resolve import resolve

# Fields of a control besides its name, and the controls that take them.
CONTROL_FIELDS = {
    "label": ("fixed",),
    "densities": ("fixed",),
    "sigma": ("gaussian",),
    "factor": ("flat",),
    "lr": TUNED,
    "sampler": TUNED,
}


def faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what is wrong with the studies of a spec whose sections are filled."""
    sampler_faults = [*_sampler_faults(spec), *_control_faults(spec)]
    yield from sampler_faults
    yield from _course_faults(spec)
    if not sampler_faults:  # the other rules need samplers that exist
        yield from _package_faults(spec)
        yield from _round_faults(spec)
        yield from _seed_faults(spec)
        yield from tuned_rate.faults(spec)
        yield from _warm_start_faults(spec)


def _sampler_faults(spec: JobSpec) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, wanted in enumerate(spec.samplers):
        at = f"/samplers/{index}"
        if wanted.name in seen:
            yield Fault(f"{at}/name", f"{wanted.name} is listed twice: once is enough")
        seen.add(wanted.name)
        yield from _one_sampler(spec, wanted, at)


def _one_sampler(spec: JobSpec, wanted: SamplerSpec, at: str) -> Iterator[Fault]:
    info = yield from _described(spec, wanted.name, f"{at}/name")
    if info is None:
        return
    faults = list(info.option_faults(wanted.options))
    for name, fault in faults:
        yield Fault(f"{at}/options" + ("" if name is None else f"/{escape(name)}"), fault)
    if info.is_learned and not faults:
        yield from gradient.faults(spec, at)


def _described(spec: JobSpec, name: str, at: str) -> Generator[Fault, None, SamplerInfo | None]:
    """Yield why a sampler cannot do what a spec asks of it; return its description, if any."""
    try:
        info = samplers.describe(name)
    except (UnknownSamplerError, PluginError) as error:
        yield Fault(at, str(error))
        return None
    yield from (Fault(at, fault) for fault in _inabilities(spec, info))
    return info


def _inabilities(spec: JobSpec, info: SamplerInfo) -> Iterator[str]:
    """Say what a sampler cannot do of what a spec asks of it."""
    if not info.is_installed:
        yield info.remedy
    if info.is_learned:
        if isinstance(spec.task, FunctionTask):
            yield f"a function has no density to learn: leave {info.name} out"
        return  # it searches no settings
    categories = [n for n, r in spec.search.items() if isinstance(r, Choices)]
    if categories and not info.capabilities.categorical:
        able = [i.name for i in samplers.catalogue() if i.capabilities.categorical]
        yield (
            f"{info.name} cannot search choices of {', '.join(categories)}: give a range, "
            f"or use a sampler that can: {', '.join(able)}"
        )


def with_packages(spec: JobSpec) -> JobSpec:
    """Record the packages of samplers that are not built in, where a spec records none."""
    found = _packages_of(spec)
    if spec.sampler_packages or not found:
        return spec
    return spec.model_copy(update={"sampler_packages": found})


def _packages_of(spec: JobSpec) -> dict[str, str]:
    named = [wanted.name for wanted in spec.samplers]
    named += [control.sampler for control in spec.controls if control.sampler is not None]
    found = {}
    for name in named:
        with suppress(UnknownSamplerError, PluginError):  # a fault of its own
            if (package := samplers.describe(name).package) is not None:
                found[name] = package
    return found


def _package_faults(spec: JobSpec) -> Iterator[Fault]:
    """Compare the packages that a spec records with those that are installed here."""
    found, remedy = _packages_of(spec), "clone the job or leave sampler_packages out"
    for name in spec.sampler_packages.keys() | found.keys():
        at, recorded = f"/sampler_packages/{escape(name)}", spec.sampler_packages.get(name)
        if name not in found:
            yield Fault(at, f"the job has no sampler {name} of another package: {remedy}")
        elif recorded != found[name]:
            detail = f"the sampler {name} was of {recorded}, and is of {found[name]} here"
            yield Fault(at, f"{detail}: install the version of before, {remedy}")


def _control_faults(spec: JobSpec) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, control in enumerate(spec.controls):
        at = f"/controls/{index}"
        if control.study in seen:
            yield Fault(at, f"{control.study} is listed twice: once is enough")
        seen.add(control.study)
        for name, owners in CONTROL_FIELDS.items():
            if getattr(control, name) is not None and control.name not in owners:
                yield Fault(f"{at}/{name}", f"belongs to {', '.join(owners)} alone")
        if control.name in TUNED:
            yield from _tuned_faults(spec, control, at)
        elif control.name == "fixed":
            yield from given_densities.faults(spec, control, at)


def _tuned_faults(spec: JobSpec, control: ControlSpec, at: str) -> Iterator[Fault]:
    if control.name == "density_tuned" and "lr" in spec.search:
        yield Fault(at, "the searches tune lr already: leave density_tuned out")
    if control.lr is not None and control.lr.low >= control.lr.high:
        yield Fault(f"{at}/lr", f"low {control.lr.low} is not below high {control.lr.high}")
    if control.sampler is None:
        return
    if samplers.is_learned(control.sampler):
        detail = f"{control.sampler} tunes no learning rate: name another sampler"
        yield Fault(f"{at}/sampler", detail)
    else:
        yield from _described(spec, control.sampler, f"{at}/sampler")


def _course_faults(spec: JobSpec) -> Iterator[Fault]:
    n_trials = spec.budget.n_trials
    if spec.fidelity is not None and spec.fidelity.promote > n_trials:
        yield Fault(
            "/fidelity/promote",
            f"{spec.fidelity.promote} cannot be promoted of {n_trials} trials: lower it, "
            "or raise budget.n_trials",
        )
    elif spec.fidelity is not None and spec.fidelity.promote + spec.fidelity.audit > n_trials:
        yield Fault(
            "/fidelity/audit",
            f"{spec.fidelity.promote} promoted and {spec.fidelity.audit} audited are more than "
            f"{n_trials} trials: use at most {n_trials - spec.fidelity.promote}, or raise "
            "budget.n_trials",
        )
    training = training_of(spec)
    if training is None or (isinstance(spec.task, ExternalTask) and spec.task.epochs is None):
        return
    epochs = training.epochs
    if spec.fidelity is not None and epochs < 2 and "epochs" not in spec.search:
        yield Fault("/fidelity", "one epoch cannot be shortened: raise training.epochs")
    if spec.pruning is not None and "epochs" not in spec.search:
        yield from _pruning_faults(spec, spec.pruning, epochs)


def _pruning_faults(spec: JobSpec, pruning: Pruning, epochs: int) -> Iterator[Fault]:
    """Refuse a rule that could never prune: after its last epoch a training is complete."""
    if spec.fidelity is not None:
        epochs = planning.short_epochs(epochs, spec.fidelity.search_fraction)
    # The median rule passes over its warm-up; halving first compares after `min_epochs`.
    if isinstance(pruning, MedianPruning):
        name, given, most = "warmup_epochs", pruning.warmup_epochs, epochs - 2
    else:
        name, given, most = "min_epochs", pruning.min_epochs, epochs - 1
    if most < 1:
        detail = f"the {epochs} epochs of a search training are too few to stop one early"
        yield Fault("/pruning", f"{detail}: raise training.epochs, or leave pruning out")
    elif given > most:
        detail = f"a search training has {epochs} epochs and is complete after the last"
        yield Fault(f"/pruning/{name}", f"{detail}: use at most {most}")


def _round_faults(spec: JobSpec) -> Iterator[Fault]:
    """Refuse halving if every round has one trial or exceeds the budget: it would never prune."""
    if not isinstance(spec.pruning, HalvingPruning) or isinstance(spec.task, FunctionTask):
        return
    if data_of(spec.task) is None or any(density.faults(spec)):
        return  # what is searched is known once the data are, and their density is right
    resolved = resolve(spec)
    searches = [s for s in resolved.studies if s.role in (Role.SEARCH, Role.TUNED)]
    sizes = {s.sampler: planning.round_size_of(spec, s, resolved.spaces) for s in searches}
    if any(size is None or 1 < size <= spec.budget.n_trials for size in sizes.values()):
        return
    detail = "halving compares the trials of a round"
    found = ", ".join(f"{name} has rounds of {size}" for name, size in sizes.items())
    yield Fault(
        "/pruning/rule",
        f"{detail}, but {found} in a budget of {spec.budget.n_trials} trials: set a sampler's "
        f"batch_size to {spec.pruning.eta} or more (at most the budget), or use median",
    )


def _seed_faults(spec: JobSpec) -> Iterator[Fault]:
    found = [samplers.describe(wanted.name).capabilities for wanted in spec.samplers]
    if spec.repeats > 1 and not any(can.seeded for can in found):
        yield Fault(
            "/repeats",
            "every repeat would be the same: none of the samplers has randomness; use 1",
        )
    if spec.use_speculation and not any(can.speculative for can in found):
        yield Fault("/use_speculation", "none of the samplers runs ahead: leave it out")
    if spec.budget.stop_below_noise is not None and not any(can.speculative for can in found):
        yield Fault("/budget/stop_below_noise", "is for the samplers direct_l*: leave it out")


def _warm_start_faults(spec: JobSpec) -> Iterator[Fault]:
    start = spec.warm_start
    if start is None:
        return
    if not (start.densities or start.vectors):
        yield Fault("/warm_start", "name densities of earlier jobs, or give vectors")
    able = [info.name for info in samplers.catalogue() if info.capabilities.warm_start]
    if not any(wanted.name in able for wanted in spec.samplers):
        yield Fault("/warm_start", f"none of the samplers can use it: add {' or '.join(able)}")
    if spec.density is None or spec.density.bounds is None:
        return
    n_free, n_factors = len(spec.density.bounds), density.n_factors(spec)
    for index, vector in enumerate(start.vectors):
        if len(vector) not in (n_free, n_free + n_factors):
            takes = f"{n_free}, or {n_free + n_factors} with factors" if n_factors else f"{n_free}"
            yield Fault(
                f"/warm_start/vectors/{index}",
                f"has {len(vector)} values, {spec.density.family} takes {takes}",
            )
