"""Every sampler by name: what it can do, which options it takes, how it is made.

A sampler's module is imported when one is created, so that asking what exists loads neither NLopt
nor Optuna.
"""

from __future__ import annotations

from densearch.sampler import Effort, Sampler, StudyPlan
from service.errors import UnknownSamplerError
from service.extensions import loading
from service.samplers.catalogue import comparison, control, direct_l, gradient, plugin, ray_tune
from service.samplers.catalogue.info import SamplerInfo

CONTROL_SAMPLER = control.CONTROL.name

_SAMPLERS: dict[str, SamplerInfo] = {
    info.name: info
    for info in (
        *direct_l.ENTRIES,
        *comparison.ENTRIES,
        *ray_tune.ENTRIES,
        *gradient.ENTRIES,
    )
}


def catalogue() -> list[SamplerInfo]:
    """Return the built-in samplers that a user may name."""
    return list(_SAMPLERS.values())


def describe(name: str) -> SamplerInfo:
    """Return what is known of one sampler, built in or of another package.

    Raises:
        UnknownSamplerError: No sampler has this name.
        PluginError: A package registers it, and it cannot be used.
    """
    if name in _SAMPLERS:
        return _SAMPLERS[name]
    registered = plugin.names()
    if name not in registered:
        raise UnknownSamplerError(name, list(dict.fromkeys([*_SAMPLERS, *registered])))
    return plugin.describe(name)


def from_packages() -> list[SamplerInfo]:
    """Return the samplers of other packages that can be used."""
    return plugin.usable(frozenset(_SAMPLERS))


def is_learned(name: str) -> bool:
    """Whether this is the name of a sampler whose density is learned with the weights."""
    return name in _SAMPLERS and _SAMPLERS[name].is_learned


def recommended(dimension: int, *, has_categories: bool = False) -> str:
    """Return the sampler proposed where a spec names none, by the table of docs/samplers.md.

    The table has the same first among those that run in parallel, at any budget.

    Args:
        dimension: How many values are searched.
        has_categories: Whether one of them is a choice without order.
    """
    if has_categories:
        return "tpe"
    return "direct_l_rand" if dimension > 1 else "direct_l"  # in one they are the same


def create(name: str, study: StudyPlan) -> Sampler:
    """Make a sampler for a study; `CONTROL_SAMPLER` makes that of a control.

    Raises:
        UnknownSamplerError: No sampler has this name.
        ValueError: The study's options do not suit the sampler, or its extra is not installed.
    """
    return loading.make(path_of(name, study), study)


def path_of(name: str, study: StudyPlan) -> str:
    """Return ``module:class`` of the sampler that `create` makes.

    Raises:
        UnknownSamplerError, ValueError: As `create` does.
    """
    info = _of_study(name)
    if not info.is_installed:
        raise ValueError(info.remedy)
    for option, fault in info.option_faults(study.options):
        raise ValueError(f"option {option} of {info.name}: {fault}")
    return info.path


def effort_of(name: str, study: StudyPlan) -> Effort:
    """Return the cost of a sampler's costliest ask; zero for a control.

    Raises:
        UnknownSamplerError: No sampler has this name.
    """
    return _of_study(name).effort(study)


def round_size(name: str, study: StudyPlan) -> int:
    """Return how many trials a study issues before it needs the value of any; 1 for a control.

    Raises:
        UnknownSamplerError: No sampler has this name.
    """
    return _of_study(name).round_size(study)


def _of_study(name: str) -> SamplerInfo:
    """Return what is known of the sampler of a study, which may be a control."""
    return control.CONTROL if name == CONTROL_SAMPLER else describe(name)
