"""What proposes the points of a study. The contract is `densearch.sampler`, the list catalogue."""

from densearch.sampler import AxisKind, Certainty, Entry, Plan, Proposal, Sampler, StudyPlan
from service.samplers.asker import Asker, MakeAsker
from service.samplers.catalogue.info import Capabilities, SamplerInfo
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
from service.samplers.effort import Effort
from service.samplers.independent import KnownSequence
from service.samplers.options import SamplerOptions
from service.samplers.rounds import Rounds

__all__ = [
    "CONTROL_SAMPLER",
    "Asker",
    "AxisKind",
    "Capabilities",
    "Certainty",
    "Effort",
    "Entry",
    "KnownSequence",
    "MakeAsker",
    "Plan",
    "Proposal",
    "Rounds",
    "Sampler",
    "SamplerInfo",
    "SamplerOptions",
    "StudyPlan",
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
