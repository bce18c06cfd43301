"""The artifacts of a job: weights and sheets of samples of the networks that are evaluated."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service import sample_sheets
from service.orchestration.run import Run
from service.records import Trial
from service.states import Phase
from service.storage import densities
from service.studies.resolved import ResolvedSpec, TrainingJob

MEDIA_TYPE = "application/vnd.safetensors"
SUFFIX = ".safetensors"


def keeps_weights(resolved: ResolvedSpec, trial: Trial) -> bool:
    """Whether a trial's folded network is kept: that of each study's first evaluation."""
    is_first = trial.phase is Phase.EVALUATION and trial.number == 0
    return is_first and isinstance(resolved, TrainingJob) and not resolved.is_external


def keep(session: Session, run: Run, trial: Trial, weights: tuple[str, int, str]) -> None:
    """Store the entry of a network's folded weights, whose file is already on disk.

    Args:
        session: A write transaction.
        run: Whose trial.
        trial: The evaluation that trained the network.
        weights: See `service.orchestration.messages.Ended`.
    """
    _put(session, run, trial, weights, SUFFIX, MEDIA_TYPE)


def keep_sheet(session: Session, run: Run, trial: Trial, sheet: tuple[str, int, str]) -> None:
    """Store the entry of what a network makes of a few test samples, as `keep` does."""
    _put(session, run, trial, sheet, sample_sheets.SUFFIX, sample_sheets.MEDIA_TYPE)


def _put(
    session: Session,
    run: Run,
    trial: Trial,
    file: tuple[str, int, str],
    suffix: str,
    media_type: str,
) -> None:
    path, n_bytes, sha256 = file
    densities.put_artifact(
        session,
        {
            "job_id": run.job.id,
            "trial_id": trial.id,
            "name": f"{run.log.study_of(trial).record.name}{suffix}",
            "media_type": media_type,
            "path": path,
            "n_bytes": n_bytes,
            "sha256": sha256,
        },
    )


def share(session: Session, run: Run, trial: Trial, source: Trial) -> None:
    """Store entries of a source trial's files for a trial that took its result."""
    for artifact in densities.artifacts_of_trial(session, source.id):
        is_sheet = artifact.name.endswith(sample_sheets.SUFFIX)
        put = keep_sheet if is_sheet else keep
        put(session, run, trial, (artifact.path, artifact.n_bytes, artifact.sha256))
