"""What a sampler answers is judged before it becomes trials, for every sampler.

A library with a bug, or another version of it, may return points outside the cube, NaN, or more
trials than are left. Stored, they would end the whole job; refused here, they end their study.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeGuard

from densearch.sampler import Certainty, Entry, Plan, Proposal, StudyPlan


class BadAnswerError(ValueError):
    """A sampler's answer cannot be used; the message says why."""


def require_plan(
    plan: object, study: StudyPlan, log: Sequence[Entry], taken: Collection[int]
) -> Plan:
    """Return a sampler's plan if it can be used.

    Args:
        plan: What it answered.
        study: Its study.
        log: What it was asked with.
        taken: The numbers that trials of the log have.

    Raises:
        BadAnswerError: It cannot be used.
    """
    if not isinstance(plan, Plan):
        raise BadAnswerError(f"it answers {plan!r:.100}, which is no plan")
    if not (isinstance(plan.numbered, Mapping) and isinstance(plan.proposals, tuple)):
        raise BadAnswerError(f"it answers {plan!r:.200}, which is no plan")
    new = set[int]()
    for index, number in plan.numbered.items():
        if not (_is_below(index, len(log)) and log[index].number is None):
            raise BadAnswerError(f"it numbers a trial {index!r:.100}, which waits for no number")
        _take(number, study, taken, new)
    _require_length(plan, study, log, study.n_trials - len(taken) - len(new))
    for proposal in plan.proposals:
        require_proposal(proposal, study)
        if proposal.number is not None:
            _take(proposal.number, study, taken, new)
    return plan


def require_proposal(found: object, study: StudyPlan) -> None:
    """Check one proposal.

    Raises:
        BadAnswerError: It is no proposal, or none of a point of the study's unit cube.
    """
    if not (isinstance(found, Proposal) and isinstance(found.certainty, Certainty)):
        raise BadAnswerError(f"it proposes {found!r:.200}, which is no proposal")
    fault = point_fault(found.point, study.dimension)
    if fault is not None:
        raise BadAnswerError(fault)


def point_fault(point: object, dimension: int) -> str | None:
    """Return why a proposed point is none of the unit cube; None if it is one.

    Args:
        point: A tuple of floats, shape (dimension,), if it is right.
        dimension: Of the study.
    """
    is_point = (
        isinstance(point, tuple)
        and len(point) == dimension
        and all(isinstance(u, float) and 0.0 <= u <= 1.0 for u in point)
    )
    if is_point:
        return None
    cube = f"the unit cube of {dimension} coordinates"
    return f"it proposes {point!r:.200}, which is no point of {cube}"


def _take(number: object, study: StudyPlan, taken: Collection[int], new: set[int]) -> None:
    """Note the number that a trial gets; no other may have it."""
    if not _is_below(number, study.n_trials):
        raise BadAnswerError(f"{number!r:.100} is no number below {study.n_trials}")
    if number in taken or number in new:
        raise BadAnswerError(f"two trials would have the number {number}")
    new.add(number)


def _require_length(plan: Plan, study: StudyPlan, log: Sequence[Entry], n_left: int) -> None:
    """Check that a search ends when its budget is spent: neither earlier nor later nor never."""
    n_proposed = len(plan.proposals)
    if n_proposed > max(n_left, 0):
        of = f"of the {study.n_trials} trials of its budget"
        raise BadAnswerError(
            f"it proposes {n_proposed} trials, and {max(n_left, 0)} {of} are left"
        )
    if plan.is_finished and n_left > 0:
        raise BadAnswerError(f"it calls the search finished, and {n_left} trials are left")
    is_waiting = bool(n_proposed) or any(entry.value is None for entry in reversed(log))
    if not (plan.is_finished or is_waiting):
        raise BadAnswerError("it proposes nothing, and no trial is left to wait for")


def _is_below(number: object, end: int) -> TypeGuard[int]:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < end
