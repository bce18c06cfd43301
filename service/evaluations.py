"""The final evaluation: each arm's best, trained again with fresh seeds, on the test split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from service import payloads
from service.records import Trial
from service.rules import is_training
from service.samplers import Certainty
from service.spec import JobSpec
from service.states import Phase
from service.storage import densities

if TYPE_CHECKING:
    from service.runs import Run

MEDIA_TYPE = "application/vnd.safetensors"


def keeps_weights(spec: JobSpec, trial: Trial) -> bool:
    """Whether a trial's folded network is kept: that of each arm's first evaluation."""
    return is_training(spec) and trial.phase is Phase.EVALUATION and trial.number == 0


def issue(session: Session, run: Run) -> None:
    """Store the evaluation's trials, once: every arm meets the same seeds."""
    if any(trial.phase is Phase.EVALUATION for trial in run.log.trials.values()):
        return  # resumed after a pause
    rows, links = [], []
    for index in range(run.spec.evaluation.n_seeds):
        for arm in run.arms:
            if arm.study.best_trial_id is None:
                continue
            best = run.log.trials[arm.study.best_trial_id]
            order = payloads.evaluated(run.spec, best.params, best.payload, index)
            rows.append(
                run.row(arm.study, order, Phase.EVALUATION)
                | {"number": index, "certainty": Certainty.CERTAIN, "point": best.point}
            )
            links.append((arm.study.id, index))
    issued = run.issue(session, rows)
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


def keep_artifact(session: Session, run: Run, trial: Trial, weights: tuple[str, int, str]) -> None:
    """Store the entry of a network's folded weights, whose file is already on disk."""
    path, n_bytes, sha256 = weights
    study = next(arm.study for arm in run.arms if arm.study.id == trial.study_id)
    densities.put_artifact(
        session,
        {
            "job_id": run.job.id,
            "trial_id": trial.id,
            "name": f"{study.name}.safetensors",
            "media_type": MEDIA_TYPE,
            "path": path,
            "n_bytes": n_bytes,
            "sha256": sha256,
        },
    )


def share_artifact(session: Session, run: Run, trial: Trial, source: Trial) -> None:
    """Let a trial that took another's result point to the same file."""
    for artifact in densities.artifacts_of_trial(session, source.id):
        keep_artifact(session, run, trial, (artifact.path, artifact.n_bytes, artifact.sha256))
