"""The contract between a study and its sampler: history in, next points out.

A sampler is a deterministic function of its study (`StudyPlan`) and the log of its trials. It
holds no database, no clock and no thread that outlives a call; it may keep caches, but an instance
built afresh and shown the whole log must plan what an instance that grew up with it plans (what it
speculates may differ).

Two kinds of points: what the sequence needs (`Sampler.plan`), which depends on the study and the
values alone, and what it may need (`Sampler.speculate`), which is bounded by idle workers and
never changes the sequence.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

# What a trial that diverged or failed counts, where a job does not say it: worse than any loss.
PENALTY = 1000.0

# Coordinates in the unit cube, shape (dimension,), full float64 precision.
Point = tuple[float, ...]


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
            diverged or failed carry the study's finite penalty (`StudyPlan.penalty`).
        number: The trial's place in the study's sequence, from 0; None until that is certain.
        is_speculative: Issued by `Sampler.speculate`. It stays so when the sequence turns out to
            need the point (a hit): then it gets its number like any other.
    """

    point: tuple[float, ...]
    value: float | None
    number: int | None
    is_speculative: bool = False


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
class AxisKind:
    """What one coordinate of the unit cube stands for.

    Attributes:
        n_values: How many distinct values it has, each with an equal share of [0, 1]; None for a
            real number (and for whole numbers on a logarithmic axis, whose shares differ).
        is_ordered: False for categories, whose neighbours have nothing in common.
    """

    n_values: int | None = None
    is_ordered: bool = True


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """All that determines a study's points apart from the values.

    Attributes:
        dimension: Length of a point, at least 1.
        n_trials: The budget: the length of the sequence, at least 1. A job that is extended
            raises it; the points below the old budget stay what they were.
        seed: Derived from the job's seed and the study; any randomness comes from it and the
            round.
        batch_size: Trials in a round, for samplers that work in rounds.
        lower_bound: A true lower bound of the objective, or None when none is known.
        options: The sampler's own settings, validated by the sampler's options model.
        axes: What each coordinate stands for, shape (dimension,); () when all are real.
        n_first: The budget the study was submitted with, where `n_trials` was raised since;
            None when it was not. What depends on the budget (a grid, a share) takes this one.
        starts: Points of the cube to try first, such as densities of earlier jobs; for samplers
            that can (`Capabilities.warm_start`), counted in the budget.
        penalty: The value of a trial that diverged or failed; no other is above it. Models of the
            values take another for it, see `densearch.sampler.penalties`; None where they take it
            as it is, as in studies that older versions began.
    """

    dimension: int
    n_trials: int
    seed: int
    batch_size: int = 4
    lower_bound: float | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    axes: tuple[AxisKind, ...] = ()
    n_first: int | None = None
    starts: tuple[tuple[float, ...], ...] = ()
    penalty: float | None = PENALTY

    @property
    def first_budget(self) -> int:
        """The budget at submission, whatever was added since."""
        return self.n_trials if self.n_first is None else self.n_first


class Sampler(ABC):
    """Proposes the points of one study.

    Thread safety: none; a dispatcher calls one instance from one thread.
    """

    def __init__(self, study: StudyPlan) -> None:
        self.study = study

    @abstractmethod
    def plan(self, log: Sequence[Entry]) -> Plan:
        """Answer what the study's sequence needs now.

        Args:
            log: Every trial issued so far, in the order of issue; never shorter than in an earlier
                call of the same instance.

        Returns:
            The plan. Calling again with the same log gives the same plan. A point that the log
            holds as speculation is not proposed again: it gets its number.
        """

    def speculate(self, log: Sequence[Entry], n_free: int) -> tuple[Proposal, ...]:
        """Answer points that the sequence may need later, for workers that would idle.

        Called after `plan` with the same log. What is answered here is extra until the sequence
        asks for it, and never changes what `plan` answers.

        Args:
            log: As for `plan`; its entries with `is_speculative` were issued here.
            n_free: Workers that would idle, above 0.

        Returns:
            At most `n_free` points that are not in the log, the likeliest first, CONDITIONAL or
            PREDICTED, without a number; none by default.
        """
        del log, n_free
        return ()
