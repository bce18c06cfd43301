"""The contract between a study and whatever proposes its points: history in, next points out.

A sampler is a deterministic function of its study (`StudyPlan`) and the log of its trials. It
holds no database, no clock and no thread that outlives a call; it may keep caches, but an instance
built afresh and shown the whole log must answer what an instance that grew up with it answers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Certainty(StrEnum):
    """How sure a sampler is that a point belongs to its study's sequence."""

    CERTAIN = "certain"
    CONDITIONAL = "conditional"
    PREDICTED = "predicted"


@dataclass(frozen=True, slots=True)
class Entry:
    """One trial of a study's log, in the order in which the trials were issued.

    Attributes:
        point: Coordinates in the unit cube, shape (dimension,), full float64 precision.
        value: The objective, finite, minimised; None while the trial has not ended. Trials that
            diverged or failed carry the study's finite penalty.
        number: The trial's place in the study's sequence, from 0; None until that is certain.
    """

    point: tuple[float, ...]
    value: float | None
    number: int | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A point to be evaluated next.

    Attributes:
        point: Coordinates in the unit cube, shape (dimension,).
        number: Its place in the study's sequence where that is already certain, else None.
        certainty: Whether the sequence is sure to need it.
    """

    point: tuple[float, ...]
    number: int | None
    certainty: Certainty = Certainty.CERTAIN


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sampler answers.

    Attributes:
        proposals: New trials to issue now, in order; none while a round is still running.
        numbered: Places that have become certain: index of a log entry -> number.
        is_finished: Whether the study's sequence is complete: every number below the budget
            belongs to an ended trial. No proposals follow.
    """

    proposals: tuple[Proposal, ...] = ()
    numbered: Mapping[int, int] = field(default_factory=dict)
    is_finished: bool = False


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """All that determines a study's points apart from the values.

    Attributes:
        dimension: Length of a point, at least 1.
        n_trials: The budget: the length of the sequence, at least 1.
        seed: Derived from the job's seed and the study; any randomness comes from it and the
            round.
        batch_size: Trials in a round, for samplers that work in rounds.
        lower_bound: A true lower bound of the objective, or None when none is known.
        options: The sampler's own settings, validated by the sampler's options model.
    """

    dimension: int
    n_trials: int
    seed: int
    batch_size: int = 4
    lower_bound: float | None = None
    options: Mapping[str, object] = field(default_factory=dict)


class Sampler(ABC):
    """Proposes the points of one study.

    Thread safety: none; a dispatcher calls one instance from one thread.
    """

    def __init__(self, study: StudyPlan) -> None:
        self.study = study

    @abstractmethod
    def plan(self, log: Sequence[Entry], n_free: int) -> Plan:
        """Answer what to issue next.

        Args:
            log: Every trial issued so far, in the order of issue; never shorter than in an earlier
                call of the same instance.
            n_free: Workers that would idle; bounds how much a sampler may speculate. Proposals
                that are certain do not depend on it.

        Returns:
            The plan. Calling again with the same log gives the same certain proposals.
        """
