"""Jobs: submit, list, show, pause, resume, cancel, delete, decide."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi import Query as FromQuery
from pydantic import Field, TypeAdapter
from sqlalchemy.orm import Session

from api import etags
from api.bodies import json_body, request_body
from api.context import InDatabase, WithSettings
from api.etags import Made
from api.formats import JSON
from api.paging import Id, Place, Query, Word, linked
from api.problems.handlers import documented
from api.schemas.base import LOCATION, ListOut
from api.schemas.decisions import DecisionOut
from api.schemas.jobs import JobOut, JobSummaryOut
from service.costs.prices import prices_of
from service.jobs import (
    commands,
    dataset_references,
    decisions,
    deletion,
    progress,
    search_vectors,
)
from service.records import Job
from service.settings import Settings
from service.states import JobState
from service.storage import job_notes, job_pages, split_looks, studies
from service.storage import jobs as stored
from service.storage.database import Database
from service.storage.job_pages import JobFilter, JobOrder, JobPlace
from service.storage.job_versions import list_version, version_of
from service.storage.recent import freshness_of
from service.validation import parse

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

EXAMPLE: dict[str, Any] = {
    "name": "photos",
    "seed": 0,
    "task": {"kind": "denoising", "dataset": "photos", "noise_sigma": 25, "patch_px": 40},
    "network": {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 3},
    "training": {
        "optimizer": "sgd",
        "lr": 0.05,
        "momentum": 0.9,
        "batch_size": 64,
        "epochs": 4,
    },
    "density": {"family": "symmetric", "scope": "network", "bounds": [[0.0, 2.0]]},
    "samplers": [{"name": "direct_l"}, {"name": "tpe"}, {"name": "random"}],
    "controls": ["uniform", "linear", "gaussian", "flat"],
    "budget": {"n_trials": 12},
    "evaluation": {"n_seeds": 3},
    "resources": {"cpus_per_trial": 1, "gpus_per_trial": 0},
}
REQUEST_BODY = request_body("JobSpec", EXAMPLE)

JOBS = TypeAdapter(ListOut[JobSummaryOut])

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+$",
        description="The same key and body return the same job, however often they are sent.",
    ),
]


class JobsQuery(Query):
    """Which jobs to list: those that fit everything that is given."""

    state: JobState | None = None
    name: Word | None = Field(default=None, description="The whole name.")
    text: Word | None = Field(
        default=None, description="A part of the name, of the note or of a tag, or the number."
    )
    task: Word | None = Field(default=None, description="Kind of task.")
    dataset: Word | None = Field(default=None, description="As in the spec.")
    sampler: Word | None = Field(default=None, description="One of the job's samplers.")
    tag: Word | None = Field(default=None, description="A whole tag.")
    sort: JobOrder = Field(
        default=JobOrder.NEWEST,
        description="By finished: the jobs that have not ended, then the last that ended.",
    )
    limit: int = Field(default=50, ge=1, le=200)
    cursor: Place = None


class DecisionQuery(Query):
    """Which gain matters."""

    margin_percent: float | None = Field(
        default=None,
        gt=0,
        lt=100,
        description="In percent of the loss; the spec's evaluation.margin_percent if left out.",
    )


def job_out(database: Database, settings: Settings, job_id: int) -> JobOut:
    """Show a job with its progress and its best trial."""
    with database.read() as session:
        job = stored.get(session, job_id)
        return _job_out(session, job, progress.reason(session, job, settings))


def _named(job: Job) -> dict[str, Any]:
    """Return a job's own columns, and what its spec names."""
    names = {
        "task": job.spec["task"]["kind"],
        "samplers": [s["name"] for s in job.spec["samplers"]],
    }
    return {own.name: getattr(job, own.name) for own in fields(job)} | names


def _job_out(session: Session, job: Job, waits_for: str | None) -> JobOut:
    own = studies.of_job(session, job.id)
    counted = progress.progress_of(session, job, own)
    decided = decisions.decision_of(session, job)
    return JobOut.model_validate(
        {
            **_named(job),
            "vector": search_vectors.of_job(job),
            "fraction": counted.fraction,
            "waits_for": waits_for,
            "progress": counted,
            "best": progress.best_of(session, job, own),
            "ahead": progress.best_ahead(session, job, own),
            "decision": decided.to_dict() if decided is not None else None,
            "earlier_looks": split_looks.n_before(session, job.id),
            "tags": job_notes.tags_of(session, [job.id])[job.id],
            "data_warnings": dataset_references.warnings_of(session, job),
        }
    )


@router.post(
    "",
    status_code=202,
    response_model=JobOut,
    responses={
        202: LOCATION,
        **documented(400, 403, 409, 413, 415, 422),
    },
    openapi_extra=REQUEST_BODY,
)
def submit_job(
    database: InDatabase,
    settings: WithSettings,
    response: Response,
    body: Annotated[object, Depends(json_body)],
    idempotency_key: IdempotencyKey = None,
) -> JobOut:
    """Submit a density-optimization job; a dispatcher starts it as soon as it can."""
    spec, prices = parse.parse(body), prices_of(settings)
    job, _ = commands.submit(database, spec, idempotency_key, prices)
    response.headers["location"] = f"/v1/jobs/{job.id}"
    return job_out(database, settings, job.id)


@router.get(
    "",
    response_model=ListOut[JobSummaryOut],
    responses={**documented(422), **etags.UNCHANGED},
)
def list_jobs(
    database: InDatabase,
    settings: WithSettings,
    request: Request,
    query: Annotated[JobsQuery, FromQuery()],
) -> Any:  # noqa: ANN401 - FastAPI would read a Response subclass as a schema
    """List jobs, the newest first unless another order is asked for."""
    with database.read() as session:
        return etags.answer_of_list(
            request,
            session,
            list_version(session),
            progress.lack_of_dispatcher(session, settings),
            JSON,
            lambda: _listed(session, settings, request, query),
        )


def _listed(session: Session, settings: Settings, request: Request, query: JobsQuery) -> Made:
    given = query.model_dump(include={field.name for field in fields(JobFilter)})
    found = job_pages.page(
        session,
        JobFilter(**given),
        limit=query.limit + 1,
        order=query.sort,
        after=JobPlace.of(query.cursor) if query.cursor else None,
    )
    place = partial(job_pages.place_of, order=query.sort)
    kept, link = linked(found, query.limit, request, place)
    done = progress.fractions(session, kept)
    why = progress.reasons(session, kept, settings)
    tags = job_notes.tags_of(session, [job.id for job in kept])
    items = [
        _named(job) | {"fraction": done[job.id], "waits_for": why[job.id], "tags": tags[job.id]}
        for job in kept
    ]
    body = JOBS.dump_json(JOBS.validate_python({"items": items}), by_alias=True)
    return Made(body, link)


@router.get(
    "/{job_id}", response_model=JobOut, responses={**documented(404, 422), **etags.UNCHANGED}
)
def show_job(database: InDatabase, settings: WithSettings, request: Request, job_id: Id) -> Any:  # noqa: ANN401 - FastAPI would read a Response subclass as a schema
    """Show a job: its state, the reason if it waits, its progress, its best trial so far."""
    with database.read() as session:
        version = version_of(session, job_id)
        why = progress.reason(session, version, settings)

        def make() -> Made:
            job = stored.get(session, job_id)
            return Made(_job_out(session, job, why).model_dump_json(by_alias=True).encode())

        tag, freshness = etags.tag_of(request, version, why), freshness_of(session)
        return etags.answer(request, tag, JSON, make, freshness=freshness)


_MOVE_RESPONSES = documented(403, 404, 409, 413, 422)


@router.post("/{job_id}/pause", response_model=JobOut, responses=_MOVE_RESPONSES)
def pause_job(database: InDatabase, settings: WithSettings, job_id: Id) -> JobOut:
    """Pause a job: running trials finish, and no new ones start."""
    commands.pause(database, job_id)
    return job_out(database, settings, job_id)


@router.post("/{job_id}/resume", response_model=JobOut, responses=_MOVE_RESPONSES)
def resume_job(database: InDatabase, settings: WithSettings, job_id: Id) -> JobOut:
    """Resume a paused job."""
    commands.resume(database, job_id)
    return job_out(database, settings, job_id)


@router.post("/{job_id}/cancel", response_model=JobOut, responses=_MOVE_RESPONSES)
def cancel_job(database: InDatabase, settings: WithSettings, job_id: Id) -> JobOut:
    """Cancel a job: running trials stop within an epoch, and results so far stay."""
    commands.cancel(database, job_id)
    return job_out(database, settings, job_id)


@router.delete("/{job_id}", status_code=204, responses=documented(403, 404, 409, 413, 422))
def delete_job(database: InDatabase, job_id: Id) -> None:
    """Delete a job that has ended, with its trials, densities, report and files.

    The job is invisible at once; the dispatcher removes its rows and files soon after. Results and
    files that other jobs share with it stay.
    """
    deletion.delete(database, job_id)


@router.get("/{job_id}/decision", response_model=DecisionOut, responses=documented(404, 422))
def show_decision(
    database: InDatabase, job_id: Id, query: Annotated[DecisionQuery, FromQuery()]
) -> dict[str, Any]:
    """Decide whether to adopt a job's density, with what earlier jobs of its kind found."""
    with database.read() as session:
        return decisions.decision_on(session, job_id, query.margin_percent).to_dict()
