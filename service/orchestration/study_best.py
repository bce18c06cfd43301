"""The best trial of a study: stored with its density, and announced."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from service.orchestration.run import Run
from service.records import Study, Trial
from service.storage import densities, studies
from service.studies import best_densities
from service.studies.study_run import Arm

ANNOUNCED = (
    *("id", "name", "best_value", "best_trial_id"),
    *("is_finished", "stopped_at", "stopped_by"),
)


def update(session: Session, run: Run, arm: Arm, best: Trial | None) -> None:
    """Store what an arm's best is now, with its density."""
    if best is None or best.id == arm.study.best_trial_id:
        return
    arm.study = replace(arm.study, best_trial_id=best.id, best_value=best.value)
    studies.change(session, arm.study.id, best_trial_id=best.id, best_value=best.value)
    densities.put_all(
        session, arm.study.id, best_densities.density_rows(run.spec, run.arms, arm, best)
    )
    announce(run, arm.study)


def announce(run: Run, study: Study) -> None:
    """Record an event that says where a study stands."""
    run.log.announce("study", {name: getattr(study, name) for name in ANNOUNCED})
