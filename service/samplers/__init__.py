"""What proposes the points of a study. The contract is base.py, the list is catalogue.py."""

from service.samplers.base import Certainty, Entry, Plan, Proposal, Sampler, StudyPlan
from service.samplers.catalogue import (
    CONTROL_SAMPLER,
    Capabilities,
    Option,
    SamplerInfo,
    catalogue,
    create,
    describe,
)

__all__ = [
    "CONTROL_SAMPLER",
    "Capabilities",
    "Certainty",
    "Entry",
    "Option",
    "Plan",
    "Proposal",
    "Sampler",
    "SamplerInfo",
    "StudyPlan",
    "catalogue",
    "create",
    "describe",
]
