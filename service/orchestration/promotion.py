"""Promotion: the best trials of a study that searched with short trainings are trained in full."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.orchestration import issue
from service.orchestration.run import Run
from service.records import Trial
from service.spec import JobSpec
from service.states import Phase, Role
from service.studies import planning
from service.studies.study_run import Arm, best_of, better_speculation, is_result


def may_be_continued(spec: JobSpec, trial: Trial) -> bool:
    """Whether the training of a trial may be continued by the one that promotes it."""
    return trial.phase is Phase.SEARCH and planning.promotions_continue(spec)


def promote(session: Session, run: Run, arm: Arm) -> bool:
    """Issue some of the full trainings of an arm's best that are missing.

    Returns:
        Whether all of them have been issued and have ended; True where nothing is promoted.
    """
    if run.spec.fidelity is None:
        return True
    if arm.chosen is None:
        arm.chosen = _chosen(run, arm)
    n_issued = len(arm.promotions)
    missing = arm.chosen[n_issued : n_issued + issue.MOST_AT_ONCE]
    if missing:
        rows = [_promotion(run, arm, t, n) for n, t in enumerate(missing, n_issued)]
        issue.issue(session, run, rows)
        arm.is_dirty = True
        return False
    return all(run.log.trials[trial_id].state.is_final for trial_id in arm.promotions)


def _chosen(run: Run, arm: Arm) -> list[Trial]:
    """Return the best of a search, each training once."""
    if arm.study.role is Role.SPECULATION:
        found = speculation_of(run, arm)
        return [found] if found is not None else []
    done = [run.log.trials[trial_id] for trial_id in arm.log]
    done = [t for t in done if is_result(t) and t.number is not None]
    by_digest: dict[str, Trial] = {}
    for trial in sorted(done, key=lambda t: (t.value, t.number, t.id)):
        by_digest.setdefault(trial.digest, trial)
    n = run.spec.fidelity.promote if run.spec.fidelity is not None else 0
    return list(by_digest.values())[:n]


def _promotion(run: Run, arm: Arm, trial: Trial, rank: int) -> dict[str, object]:
    # A speculation's points are those of the study that it was run ahead of.
    source = run.log.arm_of(trial)
    order = issue.order_of(run, source, trial.point, is_full=True)
    return issue.row_of(run, arm.study, Phase.PROMOTION, order, trial.point, rank)


def best_in_full(run: Run, arm: Arm) -> Trial | None:
    """Return what an arm is judged by: its best promotion, or the best of its search.

    Of a `gradient` study the training itself; of a speculation the extra trial.
    """
    if run.spec.fidelity is not None:
        return best_of(run.log.trials[trial_id] for trial_id in arm.promotions)
    return speculation_of(run, arm) if arm.study.role is Role.SPECULATION else arm.best


def speculation_of(run: Run, arm: Arm) -> Trial | None:
    """Return the extra trial that a speculation arm stands for, if one was better."""
    parent = next(other for other in run.arms if other.study.name in arm.waits_for)
    return better_speculation(parent, run.log.trials.values())
