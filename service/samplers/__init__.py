"""The samplers that a job may name, and the limits of asking one.

The contract of samplers and the bases that keep it are in `densearch.sampler`.
"""

from service.samplers.asker import Asker, Failed, MakeAsker
from service.samplers.catalogue.info import SamplerInfo
from service.samplers.catalogue.registry import (
    CONTROL_SAMPLER,
    catalogue,
    create,
    describe,
    effort_of,
    from_packages,
    is_learned,
    path_of,
    recommended,
    round_size,
)

__all__ = [
    "CONTROL_SAMPLER",
    "Asker",
    "Failed",
    "MakeAsker",
    "SamplerInfo",
    "catalogue",
    "create",
    "describe",
    "effort_of",
    "from_packages",
    "is_learned",
    "path_of",
    "recommended",
    "round_size",
]
