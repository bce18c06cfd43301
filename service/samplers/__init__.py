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
    is_learned,
    path_of,
    recommended,
    round_size,
)
from service.samplers.options import SamplerOptions

__all__ = [
    "CONTROL_SAMPLER",
    "Asker",
    "AxisKind",
    "Capabilities",
    "Certainty",
    "Entry",
    "MakeAsker",
    "Plan",
    "Proposal",
    "Sampler",
    "SamplerInfo",
    "SamplerOptions",
    "StudyPlan",
    "catalogue",
    "create",
    "describe",
    "effort_of",
    "is_learned",
    "path_of",
    "recommended",
    "round_size",
]
