"""Issue trials: a point becomes a stored trial, which takes a known result at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from densearch.sampler import Certainty
from service import clock
from service.digest import digest_of
from service.orchestration import trial_end
from service.orchestration.run import Run
from service.records import Trial
from service.states import Phase, TrialState
from service.storage import trials
from service.studies import best_densities, payloads
from service.studies.payloads import Order
from service.studies.study_run import StudyRun

# Limit on the promotions or evaluations issued in a step: hundreds of studies with a hundred seeds
# each would block the database.
MOST_AT_ONCE = 50


def order_of(
    run: Run,
    study: StudyRun,
    point: Sequence[float],
    *,
    is_full: bool = False,
    seed_index: int = 0,
) -> Order:
    """Describe the trial of a study's point, see `service.studies.payloads.searched`."""
    match = best_densities.matching(run.resolved, run.studies) if study.waits_for else None
    arm, space = study.record.name, study.space
    return payloads.searched(
        run.resolved, arm, point, match, space=space, is_full=is_full, seed_index=seed_index
    )


def row_of(
    run: Run,
    study: StudyRun,
    phase: Phase,
    order: Order,
    point: Sequence[float],
    number: int | None,
    certainty: Certainty = Certainty.CERTAIN,
) -> dict[str, Any]:
    """Return the columns of a new trial."""
    return {
        "job_id": run.job.id,
        "study_id": study.record.id,
        "phase": phase,
        "state": TrialState.WAITING,
        "params": order.params,
        "payload": order.payload,
        "seed": order.seed,
        "digest": digest_of({"job": run.job.id, "trial": order.digest})
        if run.is_external
        else order.digest,  # what another job's trainer found is no result of this one
        "queued_at": clock.now(),
        "number": number,
        "certainty": certainty,
        "point": list(point),
    }


def issue(session: Session, run: Run, rows: Sequence[dict[str, Any]]) -> list[Trial]:
    """Store new trials; those whose training has a result take it at once."""
    issued = trials.insert_all(session, rows)
    for trial in issued:
        run.log.add(trial, is_new=True)
    results = trials.results(session, [trial.digest for trial in issued])
    for trial in issued:
        if trial.digest in results:
            trial_end.complete_from(session, run, trial, results[trial.digest])
    return issued
