"""What a job's bundle is made of, as plain JSON: the question to `workers.bundle.process`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.orm import Session

from densearch.answers import marked_arm
from service.errors import NotFoundError
from service.jobs import density_files
from service.records import Artifact, DensityRecord, Job, Json, Study
from service.states import AttemptState, JobState
from service.storage import densities, jobs, studies, trials

# How the names of the artifacts begin that hold bundles.
PREFIX = "bundle-"
NORMS = ("kept", "folded")
# Of the files of networks, see `service.orchestration.artifacts`.
SUFFIX = ".safetensors"


class NothingToBundleError(Exception):
    """A job has no density; the message says why."""


def question_of(session: Session, job_id: int, arm: str | None, norm: str) -> Json:
    """Return what the bundle of an arm is made of.

    Everything in it is stored: the same job in the same state gives the same question.

    Args:
        session: In a transaction.
        job_id: Of which job.
        arm: Name of an arm; None for the one that the report recommends, if it has a density,
            else the best search.
        norm: One of `NORMS`: whether batch normalisation is folded into the convolutions.

    Raises:
        NotFoundError: There is no such job or arm.
        NothingToBundleError: The job, or the arm, has no density.
    """
    job, own = jobs.get(session, job_id), studies.of_job(session, job_id)
    found = densities.of_job(session, job_id)
    study = _study(job, own, found, arm)
    mine = [one for one in found if one.study_id == study.id]
    if not mine:
        raise NothingToBundleError(f"the arm {study.name} {_none_because(job)}")
    files = densities.artifacts(session, job_id)
    weights = next((file for file in files if file.name == f"{study.name}{SUFFIX}"), None)
    return {
        "norm": norm,
        "job": {
            "id": job.id,
            "name": job.name,
            "state": job.state.value,
            "spec": job.spec,
            "is_final": job.state.is_final,
        },
        "arm": study.name,
        "report": job.report,
        "densities": [_density(place, one) for place, one in enumerate(mine)],
        "weights": None if weights is None else weights.path,
        "no_weights": None if weights is not None else _no_weights(job),
        "trial": _trial(session, weights),
    }


def _study(
    job: Job, own: Sequence[Study], found: Sequence[DensityRecord], arm: str | None
) -> Study:
    by_name = {study.name: study for study in own}
    if arm is not None:
        if arm not in by_name:
            raise NotFoundError("arm", arm)
        return by_name[arm]
    kept = [study.name for study in own if any(one.study_id == study.id for one in found)]
    if not kept:
        raise NothingToBundleError(f"job {job.id} {_none_because(job)}")
    wanted = None if job.report is None else marked_arm(job.report)
    best = None if job.report is None else job.report.get("best_arm")
    searches = [name for name in kept if by_name[name].role == "search"]
    best_first = sorted(searches, key=lambda name: _rank(by_name[name]))
    name = next(n for n in (wanted, best, *best_first, *kept) if n in kept)
    return by_name[name]


def _rank(study: Study) -> tuple[bool, float, str]:
    """Sort the least value first, and last what has none: an extended search waits for one."""
    return study.best_value is None, study.best_value or 0.0, study.name


def _none_because(job: Job) -> str:
    if job.spec["task"]["kind"] == "function":
        return "minimises a test function, which has no density"
    if job.state.is_final:
        return f"has ended ({job.state.value}) without a completed training, and so has no density"
    return f"is {job.state.value}: it has a density once a training of it is completed"


def _no_weights(job: Job) -> str:
    if not job.state.is_final:
        return "the job has not ended: networks are kept by its final evaluation"
    if job.state is not JobState.SUCCEEDED:
        return f"the job ended ({job.state.value}) before its final evaluation"
    return "no trained network of this arm was kept by the final evaluation"


def _density(place: int, record: DensityRecord) -> Json:
    shape = asdict(density_files.shape_of(record))
    names = ("layer", "family", "kernel_size", "n_dims", "vector", "alpha", "beta", "phi", "den")
    return {
        "place": place,
        **{name: getattr(record, name) for name in names},
        **shape,
        "gamma": density_files.gamma_of(record),
        "layers": record.provenance.get("layers", []),
        "provenance": record.provenance,
    }


def _trial(session: Session, weights: Artifact | None) -> Json | None:
    """Return the training of a kept network; one that took a result has that one's payload."""
    if weights is None or weights.trial_id is None:
        return None
    trial = trials.get(session, weights.trial_id)
    tries = trials.attempts(session, trial.id)
    done = [a for a in tries if a.state is AttemptState.COMPLETED and not a.is_late]
    return {
        "id": trial.id,
        "seed": trial.seed,
        "digest": trial.digest,
        "metrics": trial.metrics,
        "payload": trial.payload,
        "worker": done[-1].worker if done else None,
    }
