"""What proposes the points of a study. The contract is base.py, the list is catalogue.py."""

from densearch.sampler import AxisKind, Certainty, Entry, Plan, Proposal, Sampler, StudyPlan
from service.samplers.asker import Asker, MakeAsker
from service.samplers.catalogue.info import Capabilities, Option, SamplerInfo
from service.samplers.catalogue.registry import (
    CONTROL_SAMPLER,
    catalogue,
    create,
    describe,
    effort_of,
    path_of,
    recommended,
    round_size,
)

__all__ = [
    "CONTROL_SAMPLER",
    "Asker",
    "AxisKind",
    "Capabilities",
    "Certainty",
    "Entry",
    "MakeAsker",
    "Option",
    "Plan",
    "Proposal",
    "Sampler",
    "SamplerInfo",
    "StudyPlan",
    "catalogue",
    "create",
    "describe",
    "effort_of",
    "path_of",
    "recommended",
    "round_size",
]
