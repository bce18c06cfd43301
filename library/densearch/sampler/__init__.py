"""What proposes the points of a study: the contract of samplers, and bases that keep it.

Authors of a sampler import these names from `densearch.plugins`.
"""

from densearch.sampler.capabilities import Capabilities
from densearch.sampler.contract import (
    AxisKind,
    Certainty,
    Entry,
    Plan,
    Point,
    Proposal,
    Sampler,
    StudyPlan,
)
from densearch.sampler.effort import Effort
from densearch.sampler.known_sequence import KnownSequence
from densearch.sampler.rounds import Rounds

__all__ = [
    "AxisKind",
    "Capabilities",
    "Certainty",
    "Effort",
    "Entry",
    "KnownSequence",
    "Plan",
    "Point",
    "Proposal",
    "Rounds",
    "Sampler",
    "StudyPlan",
]
