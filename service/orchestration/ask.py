"""What the samplers are asked: the next rounds of each arm, and points to run ahead of need."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.errors import AskingFailedError
from service.orchestration import completion, issue, study_best, trial_end
from service.orchestration.run import Run
from service.samplers import Plan, Proposal
from service.states import Phase
from service.studies.study_run import Arm

# Limit on the trials planned and issued in one transaction: a job whose trials are all cached, or
# one with hundreds of studies, must not block the database. The split into steps changes no
# result.
MAX_ROUNDS = 20
MAX_TRIALS = 200
LONGEST_S = 0.05
# Trials issued between two checks of the time; a round may have a thousand.
AT_ONCE = 25


def advance(session: Session, run: Run) -> bool:
    """Ask the samplers of all arms with new results, until no arm makes progress.

    A step plans a limited number of trials; the next step continues with the next arm.

    Returns:
        Whether an arm may make further progress at once.
    """
    if run.out_of is not None:
        _end_searches(session, run)
    until, most = time.monotonic() + LONGEST_S, len(run.log.trials) + MAX_TRIALS
    n_arms, n_still = len(run.arms), 0
    for _ in range(MAX_ROUNDS * n_arms):
        if n_still == n_arms:
            break
        arm = run.arms[run.turn]
        run.turn = (run.turn + 1) % n_arms
        has_moved = arm.is_dirty and _plan(session, run, arm)
        n_still = 0 if has_moved else n_still + 1
        if time.monotonic() > until or len(run.log.trials) >= most:
            break
    return n_still < n_arms


def _end_searches(session: Session, run: Run) -> None:
    """End all searches in one step after a limit is reached: none may start another trial."""
    for arm in run.arms:
        is_open = not (arm.is_searched or arm.study.is_finished)
        if arm.is_dirty and is_open and _may_begin(run, arm):
            _search(session, run, arm)


def _plan(session: Session, run: Run, arm: Arm) -> bool:
    """Ask one arm's sampler; answer whether it moved on without any training."""
    if arm.study.is_finished or not _may_begin(run, arm):
        return False
    arm.is_dirty = is_thinking = False
    if not arm.is_searched:
        is_thinking = not _search(session, run, arm)
    if arm.is_searched:
        completion.finish_study(session, run, arm)
    has_moved = arm.is_dirty or arm.study.is_finished
    arm.is_dirty = arm.is_dirty or is_thinking
    return has_moved


def _search(session: Session, run: Run, arm: Arm) -> bool:
    """Apply the answer of an arm's sampler; return whether it has answered.

    The sampler is asked again once all its proposals are issued. If the dispatcher dies before,
    the next one asks a sampler that finds the issued ones in its log.
    """
    trial_end.settle(run, arm)
    plan = Plan(arm.unissued) if arm.unissued else _ask(arm)
    for index, number in plan.numbered.items() if plan else ():
        run.log.change(arm.log[index], number=number)
    is_over = (plan is not None and plan.is_finished) or completion.is_stopped(session, run, arm)
    if plan is not None and not is_over:
        _issue(session, run, arm, plan.proposals[:AT_ONCE])
        arm.unissued = plan.proposals[AT_ONCE:]
        arm.is_dirty = arm.is_dirty or bool(arm.unissued)
    study_best.update(session, run, arm, arm.best)
    if is_over:
        completion.end_search(session, run, arm)
    return plan is not None or is_over


def _ask(arm: Arm) -> Plan | None:
    if arm.asking_fault is not None:  # only its open trials are waited for
        return Plan()
    try:
        return arm.sampler.plan(arm.entries)
    except AskingFailedError as error:
        arm.asking_fault = str(error)
        return None


def _may_begin(run: Run, arm: Arm) -> bool:
    others = {other.study.name: other for other in run.arms}
    return all(others[name].study.is_finished for name in arm.waits_for)


def _issue(session: Session, run: Run, arm: Arm, proposals: Sequence[Proposal]) -> None:
    rows = [
        issue.row_of(
            run,
            arm.study,
            Phase.SEARCH,
            issue.order_of(run, arm, proposal.point),
            proposal.point,
            proposal.number,
            proposal.certainty,
        )
        for proposal in proposals
    ]
    issue.issue(session, run, rows)


def speculate(session: Session, run: Run, n_idle: int) -> bool:
    """Issue points ahead of need for workers that would idle, the studies by turns.

    Returns:
        Whether there were any: then there may be more.
    """
    n_left = n_most = min(n_idle, MAX_TRIALS)
    for arm in run.arms:
        is_asked = not (arm.is_searched or arm.study.is_finished or arm.unissued)
        if n_left > 0 and is_asked:
            found = arm.sampler.speculate(arm.entries, n_left) or ()
            _issue(session, run, arm, found)
            n_left -= len(found)
    return n_left < n_most
