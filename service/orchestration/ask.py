"""Ask the samplers: for the next rounds of each study, and for points to run ahead of need."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy.orm import Session

from densearch.sampler import Plan, Proposal
from service.errors import AskingFailedError
from service.orchestration import completion, issue, study_best, trial_end
from service.orchestration.run import Run
from service.states import Phase
from service.studies.study_run import StudyRun

# Limit on the trials planned and issued in one transaction: a job whose trials are all cached, or
# one with hundreds of studies, must not block the database. The split into steps changes no
# result.
MAX_ROUNDS = 20
MAX_TRIALS = 200
LONGEST_S = 0.05
# Trials issued between two checks of the time; a round may have a thousand.
AT_ONCE = 25


def advance(session: Session, run: Run) -> bool:
    """Ask the samplers of all studies with new results, until no study makes progress.

    A step plans a limited number of trials; the next step continues with the next study.

    Returns:
        Whether a study may make further progress at once.
    """
    if run.out_of is not None:
        _end_searches(session, run)
    until, most = time.monotonic() + LONGEST_S, len(run.log.trials) + MAX_TRIALS
    n_studies, n_still = len(run.studies), 0
    for _ in range(MAX_ROUNDS * n_studies):
        if n_still == n_studies:
            break
        study = run.studies[run.turn]
        run.turn = (run.turn + 1) % n_studies
        has_moved = study.is_dirty and _plan(session, run, study)
        n_still = 0 if has_moved else n_still + 1
        if time.monotonic() > until or len(run.log.trials) >= most:
            break
    return n_still < n_studies


def _end_searches(session: Session, run: Run) -> None:
    """End all searches in one step after a limit is reached: none may start another trial."""
    for study in run.studies:
        is_open = not (study.is_searched or study.record.is_finished)
        if study.is_dirty and is_open and _may_begin(run, study):
            _search(session, run, study)


def _plan(session: Session, run: Run, study: StudyRun) -> bool:
    """Ask one study's sampler; return whether the study advanced without any training."""
    if study.record.is_finished or not _may_begin(run, study):
        return False
    study.is_dirty = is_thinking = False
    if not study.is_searched:
        is_thinking = not _search(session, run, study)
    if study.is_searched:
        completion.finish_study(session, run, study)
    has_moved = study.is_dirty or study.record.is_finished
    study.is_dirty = study.is_dirty or is_thinking
    return has_moved


def _search(session: Session, run: Run, study: StudyRun) -> bool:
    """Apply the answer of a study's sampler; return whether it has answered.

    The sampler is asked again once all its proposals are issued. If the dispatcher dies before,
    the next one asks a sampler that finds the issued ones in its log.
    """
    trial_end.settle(run, study)
    plan = Plan(study.unissued) if study.unissued else _ask(study)
    for index, number in plan.numbered.items() if plan else ():
        run.log.change(study.log[index], number=number)
    is_over = (plan is not None and plan.is_finished) or completion.is_stopped(session, run, study)
    if plan is not None and not is_over:
        _issue(session, run, study, plan.proposals[:AT_ONCE])
        study.unissued = plan.proposals[AT_ONCE:]
        study.is_dirty = study.is_dirty or bool(study.unissued)
    study_best.update(session, run, study, study.best)
    if is_over:
        completion.end_search(session, run, study)
    return plan is not None or is_over


def _ask(study: StudyRun) -> Plan | None:
    if study.asking_fault is not None:  # only its open trials are waited for
        return Plan()
    try:
        return study.sampler.plan(study.entries)
    except AskingFailedError as error:
        study.asking_fault = str(error)
        return None


def _may_begin(run: Run, study: StudyRun) -> bool:
    others = {other.record.name: other for other in run.studies}
    return all(others[name].record.is_finished for name in study.waits_for)


def _issue(session: Session, run: Run, study: StudyRun, proposals: Sequence[Proposal]) -> None:
    rows = [
        issue.row_of(
            run,
            study,
            Phase.SEARCH,
            issue.order_of(run, study, proposal.point),
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
    for study in run.studies:
        is_asked = not (study.is_searched or study.record.is_finished or study.unissued)
        if n_left > 0 and is_asked:
            found = study.sampler.speculate(study.entries, n_left) or ()
            _issue(session, run, study, found)
            n_left -= len(found)
    return n_left < n_most
