"""Evaluation: the best of each study is trained with fresh seeds and judged on the test split.

The seeds come in planned looks, until the job's question is decided (`service.report.primary`).
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.orchestration import issue
from service.orchestration.run import Run
from service.report.answer import looked_at
from service.report.primary import Look, SeedPlan, is_over, seeds_wanted
from service.report.rows import arms_with_trials
from service.states import JobState, Phase
from service.storage import densities
from service.studies import payloads
from service.studies.study_run import StudyRun


def n_missing(run: Run) -> int:
    """Count the trials of the present look that are not stored yet; 0 before the evaluation."""
    if run.job.state is not JobState.EVALUATING:
        return 0
    return max(0, _n_seeds(run) * len(_judged(run)) - run.log.n_evaluations)


def _n_seeds(run: Run) -> int:
    """Return how many seeds of each study are to be trained by now.

    They are those of the first look, and those of the next once the trainings of a look have ended
    and do not decide. Only trainings below a look's number of seeds count for it.
    """
    plan, beyond = SeedPlan.of(run.spec.evaluation), run.spec.evaluation.continued_to
    if beyond is not None and is_over(taken := _looks(run, plan), plan):
        return max(taken[-1].n_seeds, beyond)
    n_issued, n_more = divmod(run.log.n_evaluations, len(_judged(run)) or 1)
    if n_more or n_issued not in plan.looks:  # within a look
        return next((n_seeds for n_seeds in plan.looks if n_seeds > n_issued), n_issued)
    return n_issued if run.log.has_open() else seeds_wanted(_looks(run, plan), plan)


def _looks(run: Run, plan: SeedPlan) -> list[Look]:
    """Take the looks at the trainings that have ended, as the report takes them."""
    _, taken = looked_at(arms_with_trials(run.studies, list(run.log.trials.values())), plan)
    return taken


def _judged(run: Run) -> list[StudyRun]:
    return [study for study in run.studies if study.record.best_trial_id is not None]


def issue_missing(session: Session, run: Run) -> bool:
    """Store some of the evaluation's missing trials: every study is trained with the same seeds.

    They are issued in a fixed order, so that after a pause, or in another dispatcher, their number
    determines which are missing.

    Returns:
        Whether any was missing.
    """
    judged, n_issued = _judged(run), run.log.n_evaluations
    n_now = min(n_missing(run), issue.MOST_AT_ONCE)
    if n_now == 0:
        return False
    rows, links = [], []
    for turn in range(n_issued, n_issued + n_now):
        index, study = turn // len(judged), judged[turn % len(judged)]
        rows.append(_evaluation(run, study, index))
        links.append((study.record.id, index))
    issued = issue.issue(session, run, rows)
    densities.insert_evaluations(
        session,
        [
            {
                "job_id": run.job.id,
                "study_id": study_id,
                "seed_index": index,
                "trial_id": trial.id,
            }
            for (study_id, index), trial in zip(links, issued, strict=True)
        ],
    )
    return True


def _evaluation(run: Run, study: StudyRun, index: int) -> dict[str, object]:
    best = run.log.trials[study.record.best_trial_id or 0]
    order = payloads.evaluated(run.resolved, best.params, best.payload, index, best.learned)
    return issue.row_of(run, study, Phase.EVALUATION, order, best.point, index)
