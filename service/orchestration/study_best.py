"""The best trial of a study: stored with its density, and announced."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from service.orchestration.run import Run
from service.records import Trial
from service.storage import densities, studies
from service.studies import best_densities
from service.studies.study_run import StudyRun

ANNOUNCED = (
    *("id", "name", "best_value", "best_trial_id"),
    *("is_finished", "stopped_at", "stopped_by"),
)


def update(session: Session, run: Run, study: StudyRun, best: Trial | None) -> None:
    """Store a study's best trial with its value and its density, if they have changed."""
    known = (study.record.best_trial_id, study.record.best_value)
    if best is None or (best.id, best.value) == known:
        return
    source = best_densities.chosen_from(run.studies, study, best)
    study.record = replace(
        study.record, best_trial_id=best.id, best_value=best.value, chosen_from=source
    )
    studies.change(session, study.record.id, best_trial_id=best.id, best_value=best.value)
    rows = best_densities.density_rows(run.resolved, run.studies, study, best)
    densities.put_all(session, study.record.id, rows)
    announce(run, study)


def announce(run: Run, study: StudyRun) -> None:
    """Add an event with the state of a study."""
    run.log.announce("study", {name: getattr(study.record, name) for name in ANNOUNCED})
