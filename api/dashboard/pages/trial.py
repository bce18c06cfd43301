"""The page of a trial as plain values, read in one transaction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from api.dashboard.figures.heatmaps import rows_of, spread_of
from api.dashboard.json_text import json_text
from api.dashboard.pages.worker_log import WHOLE, LogWanted, WorkerLog, log_of
from api.trial_answer import answer_of, device_of
from densearch.answers import TrialAnswer
from service.errors import NotFoundError
from service.records import Attempt, Job, Measurement, Study, Trial
from service.states import Phase, TrialState
from service.storage import jobs, overview, studies, trials
from service.storage.overview import Place
from service.studies.training_payload import epochs_of, trains

N_NEIGHBOURS = 5
# Trials of a study among which neighbours are looked for: the newest.
MOST_PLACES = 5000

PHASES: Mapping[Phase, str] = {
    Phase.SEARCH: "a trial of the search",
    Phase.PROMOTION: "one of the best of a short search, trained in full",
    Phase.CONFIRMATION: "one of the best of a search, trained with a further seed: their mean "
    "chooses",
    Phase.EVALUATION: "a final training with a fresh seed, judged on the test split",
    Phase.SUPERSEDED: "no longer part of the job: its selection was repeated, or its search ended "
    "before it",
}


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A trial nearby: its distance in the unit cube, relative to the cube's diagonal."""

    place: Place
    distance: float


@dataclass(frozen=True, slots=True)
class TrialPage:
    """Everything on the page of one trial.

    Attributes:
        trial: As the REST API shows it.
        densities: Phi as rows, by group of layers; empty for the plain convolution and where a
            density was learned.
        n_epochs: Of this training; None for a function.
        measured: What was measured after each epoch, if it was trained for this job.
        is_orphan: Whether it took the result of a trial whose job was deleted since.
        neighbours: Trials of its search with the nearest points.
        log: What its worker printed in the last attempt that printed something, or in the chosen.
    """

    job: Job
    study: Study
    trial: TrialAnswer
    phase: Phase
    densities: Mapping[str, list[list[float]]]
    n_epochs: int | None
    attempts: Sequence[Attempt]
    measured: Sequence[Measurement]
    is_orphan: bool
    neighbours: Sequence[Neighbour]
    payload_json: str
    log: WorkerLog | None

    @property
    def serves(self) -> str:
        """What the trial serves, in words."""
        return PHASES[self.phase]

    @property
    def is_best(self) -> bool:
        """Whether it is the best of its study."""
        return self.study.best_trial_id == self.trial["id"]

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.trial["state"] in {TrialState.RUNNING, TrialState.WAITING}

    @property
    def has_curve(self) -> bool:
        """Whether there is something to draw."""
        return bool(self.measured or self.trial["curve"])

    @property
    def spread(self) -> float:
        """How far its densities lie from 1 at most."""
        return spread_of(self.densities.values())


def trial_page(
    session: Session, job_id: int, trial_id: int, data_dir: Path, wanted: LogWanted = WHOLE
) -> TrialPage:
    """Read the page of a trial.

    Args:
        session: In a transaction.
        job_id: Of the job.
        trial_id: Of the trial.
        data_dir: Where the logs of its workers are.
        wanted: Which of them, and what is looked for.

    Raises:
        NotFoundError: There is no such trial in this job.
    """
    job, trial = jobs.get(session, job_id), trial_of(session, job_id, trial_id)
    (study,) = (s for s in studies.of_job(session, job_id) if s.id == trial.study_id)
    source, attempts = trial.cached_from, trials.attempts(session, trial_id)
    return TrialPage(
        job=job,
        study=study,
        trial=answer_of(trial, study, device_of(job)),
        phase=trial.phase,
        densities=planes_of(trial.payload.get("phi")),
        n_epochs=epochs_of(trial.payload) if trains(trial.payload) else None,
        attempts=attempts,
        measured=trials.measurements(session, trial_id),
        is_orphan=source is not None and not trials.kept(session, [source]),
        neighbours=_neighbours(session, trial),
        payload_json=json_text(trial.payload),
        log=log_of(data_dir, job_id, attempts, wanted),
    )


def trial_of(session: Session, job_id: int, trial_id: int) -> Trial:
    """Return a trial of a job.

    Raises:
        NotFoundError: There is no such trial in this job.
    """
    trial = trials.get(session, trial_id)
    if trial.job_id != job_id:
        raise NotFoundError(f"trial of job {job_id} with the number", trial_id)
    return trial


def planes_of(phi: object) -> dict[str, list[list[float]]]:
    """Return Phi as rows by the name of its layers; layers of the same density stand together."""
    if isinstance(phi, list):
        return {"": rows_of(phi)}
    if not isinstance(phi, Mapping):
        return {}
    layers: dict[str, list[str]] = {}
    planes: dict[str, list[list[float]]] = {}
    for layer, values in phi.items():
        rows = rows_of(values)
        layers.setdefault(str(rows), []).append(layer)
        planes[str(rows)] = rows
    return {", ".join(names): planes[key] for key, names in layers.items()}


def _neighbours(session: Session, trial: Trial) -> list[Neighbour]:
    """Return the nearest of a search's trials with a value, the nearest first."""
    if trial.phase is not Phase.SEARCH or not trial.point:
        return []
    diagonal = math.sqrt(len(trial.point))
    found = [
        Neighbour(place, math.dist(trial.point, place.point) / diagonal)
        for place in overview.places(session, trial.study_id, MOST_PLACES)
        if place.trial_id != trial.id and len(place.point) == len(trial.point)
    ]
    return sorted(found, key=lambda one: (one.distance, one.place.trial_id))[:N_NEIGHBOURS]
