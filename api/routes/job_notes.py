"""Tags and the note of a job."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from api.bodies import json_body, request_body
from api.context import InDatabase, WithSettings
from api.paging import Id
from api.problems.handlers import documented
from api.routes.jobs import job_out
from api.schemas.jobs import JobOut
from service.errors import InvalidBodyError
from service.jobs import notes
from service.validation.request_bodies import read

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

EXAMPLE = {"tags": ["photos", "paper"], "note": "The second run, with more epochs."}


@router.patch(
    "/{job_id}",
    response_model=JobOut,
    responses=documented(400, 403, 404, 413, 415, 422),
    openapi_extra=request_body(notes.JobNotes.model_json_schema(), EXAMPLE),
)
def annotate_job(
    database: InDatabase,
    settings: WithSettings,
    job_id: Id,
    body: Annotated[object, Depends(json_body)],
) -> JobOut:
    """Change a job's tags and note, which any job may have; its result stays as it is."""
    notes.annotate(database, job_id, read(notes.JobNotes, body, InvalidBodyError))
    return job_out(database, settings, job_id)
