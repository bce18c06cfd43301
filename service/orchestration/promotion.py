"""Promotion: the best trials of a study that searched with short trainings are trained in full."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.orchestration import issue
from service.orchestration.run import Run
from service.records import Trial
from service.states import Phase, Role
from service.studies.resolved import ResolvedSpec, TrainingJob
from service.studies.study_run import StudyRun, best_of, better_speculation, is_result


def may_be_continued(resolved: ResolvedSpec, trial: Trial) -> bool:
    """Whether the training of a trial may be continued by the one that promotes it."""
    is_continued = isinstance(resolved, TrainingJob) and resolved.promotions_continue
    return trial.phase is Phase.SEARCH and is_continued


def promote(session: Session, run: Run, study: StudyRun) -> bool:
    """Issue some of the full trainings of a study's best that are missing.

    Returns:
        Whether all of them have been issued and have ended; True where nothing is promoted.
    """
    if run.spec.fidelity is None:
        return True
    if study.chosen is None:
        study.chosen = finalists(run, study)
    n_issued = len(study.promotions)
    missing = study.chosen[n_issued : n_issued + issue.MOST_AT_ONCE]
    if missing:
        rows = [_promotion(run, study, t, n) for n, t in enumerate(missing, n_issued)]
        issue.issue(session, run, rows)
        study.is_dirty = True
        return False
    return all(run.log.trials[trial_id].state.is_final for trial_id in study.promotions)


def finalists(run: Run, study: StudyRun) -> list[Trial]:
    """Return the best of a study's search, each training once: those that are trained in full."""
    if study.record.role is Role.SPECULATION:
        found = speculation_of(run, study)
        return [found] if found is not None else []
    done = [run.log.trials[trial_id] for trial_id in study.log]
    done = [t for t in done if is_result(t) and t.number is not None]
    by_digest: dict[str, Trial] = {}
    for trial in sorted(done, key=lambda t: (t.value, t.number, t.id)):
        by_digest.setdefault(trial.digest, trial)
    n = run.spec.fidelity.promote if run.spec.fidelity is not None else 0
    return list(by_digest.values())[:n]


def _promotion(run: Run, study: StudyRun, trial: Trial, rank: int) -> dict[str, object]:
    # A speculation's points are those of the study that it was run ahead of.
    source = run.log.study_of(trial)
    order = issue.order_of(run, source, trial.point, is_full=True)
    return issue.row_of(run, study, Phase.PROMOTION, order, trial.point, rank)


def best_in_full(run: Run, study: StudyRun) -> Trial | None:
    """Return what a study is judged by: its best promotion, or the best of its search.

    Of a `gradient` study the training itself; of a speculation the extra trial.
    """
    if run.spec.fidelity is not None:
        return best_of(run.log.trials[trial_id] for trial_id in study.promotions)
    if study.record.role is Role.SPECULATION:
        return speculation_of(run, study)
    if study.record.is_finished:
        # It is opened again: the pruning rule, which settles results one by one, is not applied.
        return best_of(run.log.trials[trial_id] for trial_id in study.log)
    return study.best


def speculation_of(run: Run, study: StudyRun) -> Trial | None:
    """Return the extra trial that a speculation study stands for, if one was better."""
    parent = run.study(study.waits_for[0])
    return better_speculation(parent, run.log.trials.values())
