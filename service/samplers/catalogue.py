"""Every sampler by name: what it can do, which options it takes, how it is made.

A sampler's module is imported when one is created, so that asking what exists loads neither NLopt
nor Optuna.
"""

from __future__ import annotations

import importlib

from service.errors import UnknownSamplerError
from service.samplers import comparison_entries, nlopt_entries
from service.samplers.base import Sampler, StudyPlan
from service.samplers.info import SamplerInfo

# The arm of a control has one point without coordinates; it is no search, so no user names it.
CONTROL_SAMPLER = "fixed"

_SAMPLERS: dict[str, SamplerInfo] = {
    info.name: info for info in (*nlopt_entries.ENTRIES, *comparison_entries.ENTRIES)
}
_CONTROL_PATH = "service.samplers.fixed:Fixed"


def catalogue() -> list[SamplerInfo]:
    """Every sampler a user may name."""
    return list(_SAMPLERS.values())


def describe(name: str) -> SamplerInfo:
    """What is known of one sampler.

    Raises:
        UnknownSamplerError: No sampler has this name.
    """
    if name not in _SAMPLERS:
        raise UnknownSamplerError(name, list(_SAMPLERS))
    return _SAMPLERS[name]


def create(name: str, study: StudyPlan) -> Sampler:
    """Make a sampler for a study; `CONTROL_SAMPLER` makes that of a control arm.

    Raises:
        UnknownSamplerError: No sampler has this name.
        ValueError: The study's options do not suit the sampler.
    """
    path = _CONTROL_PATH if name == CONTROL_SAMPLER else describe(name).path
    if name != CONTROL_SAMPLER:
        for option, fault in describe(name).option_faults(study.options):
            raise ValueError(f"option {option} of {name}: {fault}")
    module, _, attribute = path.partition(":")
    # Late import: NLopt and Optuna are loaded by whoever searches, not by whoever asks.
    made: Sampler = getattr(importlib.import_module(module), attribute)(study)
    return made
