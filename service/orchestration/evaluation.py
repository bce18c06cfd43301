"""Evaluation: the best of each study is trained with fresh seeds and judged on the test split."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.orchestration import issue
from service.orchestration.run import Run
from service.states import JobState, Phase
from service.storage import densities
from service.studies import payloads
from service.studies.study_run import StudyRun


def n_missing(run: Run) -> int:
    """Count the evaluation's trials that are not stored yet; 0 before it begins."""
    if run.job.state is not JobState.EVALUATING:
        return 0
    return max(0, run.spec.evaluation.n_seeds * len(_judged(run)) - run.log.n_evaluations)


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
