"""Ask the samplers: for the next rounds of each study, and for points to run ahead of need."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog
from sqlalchemy.orm import Session

from densearch.sampler import Plan, Proposal, Sampler
from service.errors import AskingFailedError
from service.orchestration import centring, completion, issue, study_best, trial_end
from service.orchestration.run import Run
from service.samplers import answers
from service.samplers.answers import BadAnswerError
from service.states import Phase
from service.storage.texts import storable
from service.studies.study_run import StudyRun

LOG = structlog.get_logger(__name__)
# Limit on the trials planned and issued in one transaction: a job whose trials are all cached, or
# one with hundreds of studies, must not block the database. The split into steps changes no
# result.
MAX_ROUNDS = 20
MAX_TRIALS = 200
LONGEST_S = 0.05
# Trials issued between two checks of the time; a round may have a thousand.
AT_ONCE = 25
# Of the reason why a sampler failed: a library may quote its whole input.
MOST_LETTERS = 1000


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
        return _plan_of(study)
    except MemoryError:  # the machine's: the job is tried again later
        raise
    except Exception as error:
        study.asking_fault = _sentence(study, error)
        is_known = isinstance(error, AskingFailedError | BadAnswerError)
        about = {"study": study.record.id, "reason": study.asking_fault}
        LOG.warning("a sampler failed", **about, exc_info=None if is_known else error)
        return None


def _plan_of(study: StudyRun) -> Plan | None:
    """Return a sampler's answer once it is judged; None while another process computes it."""
    plan = study.sampler.plan(study.entries)
    if plan is None and not isinstance(study.sampler, Sampler):
        return None
    return answers.require_plan(plan, study.sampler.study, study.entries, study.numbered)


def _sentence(study: StudyRun, error: Exception) -> str:
    """Return why a study's sampler failed, as a database takes it."""
    if not isinstance(error, AskingFailedError):
        is_judged = isinstance(error, BadAnswerError)
        reason = str(error) if is_judged else f"{type(error).__name__}: {error}"
        error = AskingFailedError(study.record.sampler, reason)
    return storable(str(error))[:MOST_LETTERS]


def _may_begin(run: Run, study: StudyRun) -> bool:
    is_ready = all(run.study(name).is_trained for name in study.waits_for)
    return is_ready and centring.is_settled(run, study.centred_on)


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
        is_over = study.is_searched or study.record.is_finished or study.asking_fault is not None
        if n_left <= 0 or not study.may_speculate or is_over or study.unissued:
            continue
        # What the points of one that waits stand for may not be known yet.
        if _may_begin(run, study):
            found = _speculate(study, n_left)
            _issue(session, run, study, found)
            n_left -= len(found)
    return n_left < n_most


def _speculate(study: StudyRun, n_free: int) -> tuple[Proposal, ...]:
    """Return a sampler's points ahead of need; one that fails at it is not asked for more."""
    try:
        found = study.sampler.speculate(study.entries, n_free)
        for proposal in found or ():
            answers.require_proposal(proposal, study.sampler.study)
    except MemoryError:
        raise
    except Exception:
        LOG.exception("a sampler failed at points ahead of need", study=study.record.id)
        study.may_speculate = False
        return ()
    return found or ()
