"""Trials, the tries at them and their measurements."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache, partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi import Query as FromQuery
from fastapi.responses import StreamingResponse
from pydantic import Field, TypeAdapter
from sqlalchemy.orm import Session

from api import etags
from api.context import InDatabase
from api.data_out import answers, measurement_table, trial_table
from api.data_out.measurement_table import JobMeasurements
from api.data_out.trial_table import ChosenTrials
from api.etags import Made
from api.formats import JSON
from api.paging import Id, Query, linked
from api.parameters import EXACT, exact_but
from api.problems.handlers import documented
from api.schemas.base import ListOut
from api.schemas.trials import MeasurementsOut, TrialDetailOut, TrialOut
from api.trial_answer import answer_of, device_of
from api.trial_query import PREFIX, TrialsQuery, wanted_of
from service.records import Study
from service.storage import jobs, studies, trial_pages, trials
from service.storage.job_versions import version_of
from service.storage.recent import freshness_of
from service.storage.stored_trials import MOST_KEPT, StoredTrial, trial_of

router = APIRouter(prefix="/v1", tags=["trials"])


class TrialListQuery(TrialsQuery):
    """Which trials to list, and how."""

    limit: int = Field(default=100, ge=1, le=1000)
    format: Literal["json", "csv", "parquet", "ndjson"] = Field(
        default="json",
        description="But for JSON all trials that fit, in one file; `limit` is ignored.",
    )


TRIAL = TypeAdapter(TrialOut)
FILES: dict[int | str, dict[str, Any]] = {200: {"content": answers.CONTENT}}


@router.get(
    "/jobs/{job_id}/trials",
    response_model=ListOut[TrialOut],
    responses={**documented(404, 422), **FILES, **etags.UNCHANGED},
    dependencies=exact_but(PREFIX),
)
def list_trials(
    database: InDatabase,
    request: Request,
    job_id: Id,
    query: Annotated[TrialListQuery, FromQuery()],
) -> Any:  # noqa: ANN401 - FastAPI would read a Response subclass as a schema
    """List a job's trials, filtered and in one of several orders.

    `p.NAME=LOW..HIGH` keeps the trials whose param lies in that range, `p.NAME=VALUE` those with
    that value, `p.NAME[0]=...` looks at the first of a list.
    """
    if query.format != "json":
        with database.read() as session:
            job, wanted = jobs.get(session, job_id), wanted_of(session, job_id, query, request)
        return _file(ChosenTrials(database, job, wanted, query.sort.order), query.format)
    with database.read() as session:
        tag = etags.tag_of(request, version_of(session, job_id))
        return etags.answer(
            request,
            tag,
            JSON,
            lambda: _listed(session, job_id, query, request),
            freshness=freshness_of(session),
        )


def _file(chosen: ChosenTrials, form: answers.FileForm) -> StreamingResponse:
    if form == "ndjson":
        table = trial_table.items_of(chosen)
    else:
        table = trial_table.table_of(chosen, has_lists=form == "parquet")
    return answers.answer(chosen.job, "trials", form, table)


def _listed(session: Session, job_id: int, query: TrialListQuery, request: Request) -> Made:
    order, limit = query.sort.order, query.limit
    job, arms = jobs.get(session, job_id), studies.of_job(session, job_id)
    wanted = wanted_of(session, job_id, query, request)
    found = trial_pages.page(
        session, job_id, wanted, limit=limit + 1, order=order, after=query.after
    )
    names = {study.id: study for study in arms}
    kept, link = linked(found, limit, request, partial(trial_pages.place_of, order=order))
    device = device_of(job)
    items = b",".join(_item(trial, names[trial.study_id], device) for trial in kept)
    return Made(b'{"items":[' + items + b"]}", link)


@lru_cache(MOST_KEPT)
def _item(stored: StoredTrial, study: Study, device: str) -> bytes:
    """Return a trial as JSON: of a page that is read again most have not changed."""
    answer = answer_of(trial_of(stored), study, device)
    return TRIAL.dump_json(TRIAL.validate_python(answer), by_alias=True)


@router.get("/trials/{trial_id}", response_model=TrialDetailOut, responses=documented(404, 422))
def show_trial(database: InDatabase, trial_id: Id) -> dict[str, Any]:
    """Show a trial with every try at it, late ones included."""
    with database.read() as session:
        trial = trials.get(session, trial_id)
        job = jobs.get(session, trial.job_id)
        (own,) = (s for s in studies.of_job(session, trial.job_id) if s.id == trial.study_id)
        tries = trials.attempts(session, trial_id)
    return {
        **answer_of(trial, own, device_of(job)),
        "attempt_log": [asdict(attempt) for attempt in tries],
    }


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


class MeasurementsQuery(Query):
    """The format of a file of measurements."""

    format: answers.FileForm = "ndjson"


@router.get(
    "/jobs/{job_id}/measurements",
    response_class=StreamingResponse,
    responses={**FILES, **documented(404, 422)},
    dependencies=EXACT,
)
def download_measurements(
    database: InDatabase, job_id: Id, query: Annotated[MeasurementsQuery, FromQuery()]
) -> StreamingResponse:
    """Download what was measured after each epoch of each trial, as one file.

    Those that retention has removed are not in it; the trials' `curve` stays.
    """
    with database.read() as session:
        job = jobs.get(session, job_id)
    make = measurement_table.items_of if query.format == "ndjson" else measurement_table.table_of
    return answers.answer(job, "measurements", query.format, make(JobMeasurements(database, job)))
