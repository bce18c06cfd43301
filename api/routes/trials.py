"""Trials, the tries at them and their measurements."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice, product
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi import Query as FromQuery
from pydantic import Field
from sqlalchemy.orm import Session

from api.context import InDatabase
from api.paging import Cursor, Id, Query, Word, cut
from api.problems.handlers import documented
from api.schemas.base import ListOut
from api.schemas.trials import MeasurementsOut, TrialDetailOut, TrialOut
from api.trial_answer import answer_of
from service.errors import NotFoundError
from service.jobs.progress import STANDING
from service.records import Study, Trial
from service.states import Phase, TrialState
from service.storage import jobs, studies, trials

router = APIRouter(prefix="/v1", tags=["trials"])


PhaseWord = Literal["search", "promotion", "confirmation", "evaluation", "superseded", "all"]


class TrialsQuery(Query):
    """Which trials to list."""

    phase: PhaseWord = Field(
        default="search",
        description="What the trials serve; `all` leaves out those that are superseded.",
    )
    study: Word | None = Field(default=None, description="Name or id of a study.")
    sampler: Word | None = Field(default=None, description='Name of a sampler; "fixed": controls.')
    state: TrialState | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    cursor: Cursor = None


def _chosen(found: Sequence[Study], query: TrialsQuery) -> list[int | None]:
    """Return the ids of the studies that a query names, [None] when it names none."""
    if query.study is None and query.sampler is None:
        return [None]
    if query.study is not None and not any(_is_called(study, query.study) for study in found):
        raise NotFoundError("study", query.study)
    return [
        study.id
        for study in found
        if (query.study is None or _is_called(study, query.study))
        and query.sampler in (None, study.sampler)
    ]


def _is_called(study: Study, name: str) -> bool:
    return name in (study.name, str(study.id))


def _page(
    session: Session, job_id: int, query: TrialsQuery, chosen: Sequence[int | None]
) -> list[Trial]:
    phases = STANDING if query.phase == "all" else (Phase(query.phase),)
    pages = [
        trials.page(
            session,
            job_id,
            limit=query.limit + 1,
            phase=phase,
            study_id=study_id,
            state=query.state,
            after=query.cursor or 0,
        )
        for phase, study_id in product(phases, chosen)
    ]
    return list(islice(heapq.merge(*pages, key=lambda trial: trial.id), query.limit + 1))


@router.get(
    "/jobs/{job_id}/trials", response_model=ListOut[TrialOut], responses=documented(404, 422)
)
def list_trials(
    database: InDatabase,
    request: Request,
    response: Response,
    job_id: Id,
    query: Annotated[TrialsQuery, FromQuery()],
) -> dict[str, Any]:
    """List a job's trials in the order of issue."""
    with database.read() as session:
        job = jobs.get(session, job_id)
        arms = studies.of_job(session, job_id)
        found = _page(session, job_id, query, _chosen(arms, query))
    names = {study.id: study for study in arms}
    kept = cut(found, query.limit, request, response)
    return {"items": [answer_of(trial, job, names[trial.study_id]) for trial in kept]}


@router.get("/trials/{trial_id}", response_model=TrialDetailOut, responses=documented(404, 422))
def show_trial(database: InDatabase, trial_id: Id) -> dict[str, Any]:
    """Show a trial with every try at it, late ones included."""
    with database.read() as session:
        trial = trials.get(session, trial_id)
        job = jobs.get(session, trial.job_id)
        (own,) = (s for s in studies.of_job(session, trial.job_id) if s.id == trial.study_id)
        tries = trials.attempts(session, trial_id)
    return {**answer_of(trial, job, own), "attempt_log": [asdict(attempt) for attempt in tries]}


@router.get(
    "/trials/{trial_id}/measurements",
    response_model=MeasurementsOut,
    responses=documented(404, 422),
)
def list_measurements(database: InDatabase, trial_id: Id) -> dict[str, Any]:
    """List what was measured after each epoch of a trial."""
    with database.read() as session:
        trial = trials.get(session, trial_id)
        found = trials.measurements(session, trial_id)
    # A trial that was trained itself and has a curve was measured after each of its epochs.
    is_pruned = bool(trial.curve) and trial.cached_from is None and not found
    return {"items": found, "pruned": is_pruned}
