"""Continue a job that has ended: with a larger budget, or by retrying what has failed in it.

Trials selected by the search's result (promotions, evaluations, the flat control) are selected
again; a trial that is selected again gets its result by the digest: nothing is trained twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.orm import Session

from service import samplers
from service.errors import Fault, IllegalTransitionError, InvalidSpecError
from service.jobs import dataset_references, retry_choice
from service.jobs.commands import resolved_of
from service.jobs.retry_choice import RetryChoice
from service.records import Job, Study, TrialOutline
from service.spec import NESTED_SINCE, Budget, JobSpec
from service.states import TRAINED_AGAIN, JobState, Phase, Role
from service.storage import densities, jobs, studies, trials
from service.storage.database import Database
from service.studies import payloads, planning
from service.studies.nesting import UNIFORM
from service.studies.resolved import ResolvedSpec
from service.studies.spaces import centre_of
from service.validation import ask_limits
from service.validation.resolve import resolve

MOST_TRIALS: int = next(m.le for m in Budget.model_fields["n_trials"].metadata if hasattr(m, "le"))


def extend(database: Database, job_id: int, n_trials: int) -> Job:
    """Raise the budget of every search of a job that has succeeded, and queue it again.

    The result is that of a job that had this budget from the start. A study that stopped early,
    below the noise or at another limit of the budget, stays as it is.

    Args:
        database: Where the job is.
        job_id: Which.
        n_trials: The new budget of every search, above the present one.

    Raises:
        NotFoundError: No such job, or the data set that it is trained on was deleted.
        IllegalTransitionError: It has not succeeded.
        OtherVersionError: Other versions of the training code or its libraries started the job.
        InvalidSpecError: The budget is not above the present one, or too large, or its asks would
            cost too much.
    """
    with database.write() as session:
        _, resolved = lock_extensible(session, job_id)
        spec = resolved.spec
        found = studies.of_job(session, job_id)
        own = extensible(found)
        _require_larger(own, present_budget(spec.method, found), n_trials)
        budgets = _budgets(spec, n_trials)
        _require_raised(own, budgets)
        for study in own:
            studies.change(session, study.id, n_trials=budgets[study.name])
        _choose_again(session, spec, found, _centred(spec, found))
        return jobs.reopen(session, job_id)


def lock_extensible(session: Session, job_id: int) -> tuple[Job, ResolvedSpec]:
    """Lock a job that has succeeded and can go on here, and resolve its spec.

    Raises:
        NotFoundError: No such job, or the data set that it is trained on was deleted.
        IllegalTransitionError: It has not succeeded.
        OtherVersionError: Other versions of the training code or its libraries started the job.
    """
    job = jobs.lock(session, job_id)
    if job.state is not JobState.SUCCEEDED:
        raise IllegalTransitionError("job", job.state, "extended: only one that SUCCEEDED can")
    return job, _require_continuable(session, job)


def _require_continuable(session: Session, job: Job) -> ResolvedSpec:
    """Check that a job can go on here: its data set is stored, and the code is the same."""
    resolved = resolved_of(job)
    dataset_references.require(session, resolved.spec)
    payloads.require_same_code(resolved, trials.first_of_job(session, job.id))
    return resolved


def _budgets(spec: JobSpec, n_trials: int) -> dict[str, int]:
    """Return what each study gets of a larger budget, once its asks are within the limits."""
    budget = spec.budget.model_copy(update={"n_trials": n_trials})
    larger = resolve(spec.model_copy(update={"budget": budget}))
    if faults := list(ask_limits.faults(larger, "/n_trials")):
        raise InvalidSpecError(faults)
    return {study.name: study.n_trials for study in larger.studies}


def extensible(found: Sequence[Study]) -> list[Study]:
    """Return those of a job's studies that would spend a larger budget."""
    return [
        study
        for study in found
        if study.role in (Role.SEARCH, Role.TUNED)
        and not samplers.is_learned(study.sampler)
        and study.stopped_at is None
    ]


def present_budget(method: int, found: Sequence[Study]) -> int:
    """Return the budget of a job's searches as it is now; 0 where none can be extended.

    Args:
        method: The job's (`JobSpec.method`): by the first every search has the same budget.
        found: Its studies.
    """
    own = extensible(found)
    searches = [s for s in found if s.role is Role.SEARCH and not samplers.is_learned(s.sampler)]
    counted = searches if own and searches and method >= NESTED_SINCE else own
    return max((study.n_trials for study in counted), default=0)


def _require_larger(own: Sequence[Study], present: int, n_trials: int) -> None:
    """Check that a new budget is above the present one, and that a study may spend it."""
    if not own:
        detail = (
            "every search stopped early: clone the job without stop_below_noise, or with more "
            "time or money"
        )
        raise InvalidSpecError([Fault("/n_trials", detail)])
    if not present < n_trials <= MOST_TRIALS:
        detail = f"must be above the present budget, {present}, and at most {MOST_TRIALS}"
        raise InvalidSpecError([Fault("/n_trials", detail)])


def _require_raised(own: Sequence[Study], budgets: Mapping[str, int]) -> None:
    """Check that a new budget takes no trials away: others may have been raised without a search.

    Where all searches had stopped early, an earlier extension has raised the tuned controls alone.
    """
    if any(budgets[s.name] < s.n_trials for s in own) or all(
        budgets[s.name] == s.n_trials for s in own
    ):
        most = max(study.n_trials for study in own)
        detail = f"gives no study more trials than it has, {most} at most: raise it"
        raise InvalidSpecError([Fault("/n_trials", detail)])


def retry_failed(database: Database, job_id: int) -> Job:
    """Queue a job again with its failed trials waiting; their attempts continue to count.

    The sampler received the worst value for a failed trial and proposed later points by it. An
    adaptive sampler therefore proposes the later points again, and the result is the one that the
    job would have had without the failures. A search that ended because its sampler failed goes
    on: the sampler is asked again, with the trials that the search has. A job that failed as a
    whole, while its searches or their evaluations went on, goes on where it was.

    Raises:
        NotFoundError: There is no such job, or its data set was deleted.
        IllegalTransitionError: The job has not ended, or was cancelled.
        OtherVersionError: Other versions of the training code or its libraries started the job.
        NothingToRetryError: None of its trials and samplers has failed.
    """
    # Chosen outside the write transaction: for many trials it takes seconds.
    with database.read() as session:
        seen = _require_retriable(jobs.get(session, job_id))
        chosen = retry_choice.choose(session, seen)
    with database.write() as session:
        job = _require_retriable(jobs.lock(session, job_id))
        if seen.lease_fence != job.lease_fence:  # it continued
            chosen = retry_choice.choose(session, job)
        resolved = _require_continuable(session, job)
        _retry(session, resolved.spec, job, chosen)
        return jobs.reopen(session, job_id)


def _require_retriable(job: Job) -> Job:
    if job.state not in (JobState.SUCCEEDED, JobState.FAILED):
        raise IllegalTransitionError(
            "job",
            job.state,
            "tried again: wait until it has ended (resume or cancel a paused one)",
        )
    return job


def _retry(session: Session, spec: JobSpec, job: Job, chosen: RetryChoice) -> None:
    found = studies.of_job(session, job.id)
    failed, pruned = chosen.failed, chosen.pruned
    if chosen.phase is Phase.SEARCH:
        for study in chosen.ended:
            studies.change(session, study.id, stopped_at=None, stopped_by=None, fault=None)
        trials.supersede(session, chosen.gone)
        again = {trial.study_id for trial in failed} | {study.id for study in chosen.ended}
        dropped = _choose_again(session, spec, found, _moved(spec, found, again))
        failed = [trial for trial in failed if trial.study_id not in dropped]
        pruned = [trial for trial in pruned if trial.study_id not in dropped]
    elif chosen.phase in TRAINED_AGAIN:
        trials.supersede_phases(session, job.id, [Phase.EVALUATION])
        densities.forget_evaluations(session, job.id)
        failed = _choose_others_again(session, spec, found, failed)
        _begin_again(session, found)
    trials.wait_again(session, [*failed, *pruned])


def _choose_others_again(
    session: Session, spec: JobSpec, found: Sequence[Study], failed: list[TrialOutline]
) -> list[TrialOutline]:
    """Drop the studies that depend on the best of one whose full training failed.

    Returns:
        The failed trials that are still to be tried again.
    """
    again = {trial.study_id for trial in failed}
    dropped = _drop(session, _moved(spec, found, again))
    if any(study.id in again and study.role is Role.SEARCH for study in found):
        dropped |= _drop(session, _matched(spec, found))  # it has the scale of the best
    return [trial for trial in failed if trial.study_id not in dropped]


def _choose_again(
    session: Session, spec: JobSpec, found: Sequence[Study], moved: Sequence[Study]
) -> set[int]:
    """Drop the trials that were selected by the search's result; every study begins again.

    Args:
        session: A write transaction.
        spec: The job's.
        found: Its studies.
        moved: Of these, those whose space depends on what another one finds from now on.

    Returns:
        The ids of the studies without a trial.
    """
    dropped = _drop(session, [*_matched(spec, found), *moved])
    trials.supersede_phases(session, found[0].job_id, retry_choice.CHOSEN_BY_SEARCH)
    densities.forget_evaluations(session, found[0].job_id)
    _begin_again(session, found)
    return dropped


def _matched(spec: JobSpec, found: Sequence[Study]) -> list[Study]:
    """Return the flat control that is matched to the best of the searches, if there is one."""
    flat = planning.control_of(spec, "flat")
    if flat is None or flat.factor is not None:
        return []
    return [study for study in found if study.name == flat.name]


def _centred(spec: JobSpec, found: Sequence[Study]) -> list[Study]:
    """Return the studies whose space depends on the best of another one."""
    return [study for study in found if centre_of(spec, study.name) is not None]


def _moved(spec: JobSpec, found: Sequence[Study], again: Collection[int]) -> list[Study]:
    """Return the studies whose space may change where some are run again."""
    names = {study.name for study in found if study.id in again}
    sources = {source for study in found if (source := centre_of(spec, study.name))}
    # The plain convolution at the job's own rate may represent the source.
    has_moved = bool(names & {*sources, UNIFORM})
    return _centred(spec, found) if has_moved else []


def _drop(session: Session, found: Sequence[Study]) -> set[int]:
    """Drop all trials of some studies; return the studies' ids."""
    for study in found:
        trials.supersede_study(session, study.id)
    return {study.id for study in found}


def _begin_again(session: Session, found: Sequence[Study]) -> None:
    """Mark all studies as unfinished; a complete one is finished again at its first plan."""
    for study in found:
        blank = {"is_finished": False, "best_trial_id": None, "best_value": None}
        studies.change(session, study.id, **blank)
