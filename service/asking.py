"""What the samplers are asked: the next rounds of each arm, and points to run ahead of need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from service import finishing, recording
from service.arms import Arm
from service.samplers import Proposal
from service.states import Phase

if TYPE_CHECKING:
    from service.runs import Run

# Rounds planned in one transaction: a job whose every trial is cached must not hold the database.
MAX_ROUNDS = 20


def advance(session: Session, run: Run) -> None:
    """Ask the samplers of all arms that have something new to hear, until none moves on."""
    for _ in range(MAX_ROUNDS):
        moved = [_plan(session, run, arm) for arm in run.arms if arm.is_dirty]
        if not any(moved):
            return
    run.has_more = True


def _plan(session: Session, run: Run, arm: Arm) -> bool:
    """Ask one arm's sampler; answer whether it moved on without any training."""
    if arm.study.is_finished or not _may_begin(run, arm):
        return False
    arm.is_dirty = False
    if not arm.is_searched:
        recording.settle(run, arm)
        plan = arm.sampler.plan(arm.entries)
        for index, number in plan.numbered.items():
            run.log.change(arm.log[index], number=number)
        is_over = plan.is_finished or finishing.is_stopped(session, run, arm)
        if not is_over:
            _issue(session, run, arm, plan.proposals)
        run.update_best(session, arm, arm.best)
        if is_over:
            finishing.end_search(session, run, arm)
    if arm.is_searched:
        finishing.finish_study(session, run, arm)
    return arm.is_dirty or arm.study.is_finished


def _may_begin(run: Run, arm: Arm) -> bool:
    others = {other.study.name: other for other in run.arms}
    return all(others[name].study.is_finished for name in arm.waits_for)


def _issue(session: Session, run: Run, arm: Arm, proposals: Sequence[Proposal]) -> None:
    rows = [
        run.row(arm.study, run.order(arm, proposal.point), Phase.SEARCH)
        | {
            "number": proposal.number,
            "certainty": proposal.certainty,
            "point": list(proposal.point),
        }
        for proposal in proposals
    ]
    run.issue(session, rows)


def speculate(session: Session, run: Run, n_idle: int) -> None:
    """Issue points ahead of need for workers that would idle, the studies by turns."""
    n_left = n_idle
    for arm in run.arms:
        if n_left > 0 and not arm.is_searched and not arm.study.is_finished:
            found = arm.sampler.speculate(arm.entries, n_left)
            _issue(session, run, arm, found)
            n_left -= len(found)
    run.has_guesses = n_left < n_idle
