"""The page of a new job: specs to start from, and cost estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from api.bodies import json_body
from api.context import InDatabase, WithSettings
from api.dashboard.pages.datasets import DatasetLine
from api.dashboard.pages.examples import EXAMPLES, Example
from api.dashboard.rendering import html, html_of_stored
from api.paging import MAX_ID, OptionalId
from api.parameters import EXACT
from api.routes.estimates import RETRY_AFTER_S
from service.costs.prices import prices_of
from service.errors import InvalidSpecError, NotFoundError
from service.jobs import commands as service_jobs
from service.jobs.estimate import estimate
from service.jobs.leases import no_dispatcher
from service.records import Job, Json
from service.storage import datasets, jobs
from service.validation import parse

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class NewJobPage:
    """The specs to start from, and the chosen one."""

    starts: Sequence[Example]
    chosen: Example


def new_job_page(
    session: Session, job_id: int | None, dataset_id: int | None, template: str | None = None
) -> NewJobPage:
    """Read the specs to start from.

    Args:
        session: In a transaction.
        job_id: A job whose spec is chosen.
        dataset_id: A stored set that the chosen spec is trained on; the newest is offered when
            None.
        template: Name of the start that is chosen.

    Raises:
        NotFoundError: There is no such job, set or template.
    """
    starts = list(EXAMPLES)
    line = _stored(session, dataset_id)
    if line is not None:
        title = f"Train on the data set {line.record.name} ({line.name})"
        starts.append(Example("stored", title, line.job))
    if job_id is not None:
        job = jobs.get(session, job_id)
        starts.insert(
            0, Example("job", f"The spec of job {job.id}, {job.name}", _spec_of(session, job))
        )
    wanted = "stored" if dataset_id is not None else template or starts[0].name
    chosen = next((start for start in starts if start.name == wanted), None)
    if chosen is None:
        names = ", ".join(start.name for start in starts)
        raise NotFoundError("template", f"{wanted[:100]!r}: choose from {names}")
    return NewJobPage(starts, chosen)


def _stored(session: Session, dataset_id: int | None) -> DatasetLine | None:
    if dataset_id is not None:
        return DatasetLine(datasets.get(session, dataset_id))
    newest = [DatasetLine(found) for found in datasets.page(session, limit=1, before=None)]
    return next((line for line in newest if line.obstacle is None), None)


def _spec_of(session: Session, job: Job) -> Json:
    """Return a job's spec as it may be submitted again; as it is stored where it may not."""
    try:
        spec = service_jobs.spec_again(session, job)
    except InvalidSpecError:
        return job.spec
    short = service_jobs.body_of(spec, exclude_none=True)
    full = service_jobs.body_of(spec)
    return short if _is_same(short, full) else full


def _is_same(short: Json, full: Json) -> bool:
    try:
        return parse.parse(short) == parse.parse(full)
    except InvalidSpecError:
        return False


@router.get("/jobs/new", dependencies=EXACT)
def show_new_job(
    request: Request,
    start: Annotated[int | None, Query(alias="from", ge=1, le=MAX_ID)] = None,
    dataset: OptionalId = None,
    template: str | None = None,
) -> HTMLResponse:
    """Show the form of a new job, filled with an example, a job's spec or one for a stored set."""
    return html_of_stored(
        request, "new_job.html", lambda session: new_job_page(session, start, dataset, template)
    )


@router.post("/jobs/estimate")
def show_estimate(
    request: Request,
    database: InDatabase,
    settings: WithSettings,
    body: Annotated[object, Depends(json_body)],
) -> HTMLResponse:
    """Answer as ``POST /v1/jobs/estimate`` does, with a part of a page in place of the JSON."""
    found = estimate(
        database,
        parse.parse(body),
        prices_of(settings),
        settings.lease_s,
        partial(no_dispatcher, settings.data_dir),
    )
    if found.state != "measuring":
        return html(request, "estimate.html", estimate=found)
    answer = html(request, "estimate.html", 202, estimate=found)
    answer.headers["retry-after"] = str(RETRY_AFTER_S)
    return answer
