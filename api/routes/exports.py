"""A job as a file of another program."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi import Query as FromQuery
from fastapi.responses import StreamingResponse

from api import downloads
from api.context import InDatabase
from api.data_out import optuna_file
from api.paging import Id, Query
from api.parameters import EXACT
from api.problems.handlers import documented
from api.schemas.base import BINARY
from service.storage import jobs

router = APIRouter(prefix="/v1", tags=["artifacts"])


class ExportQuery(Query):
    """The program."""

    format: Literal["optuna"] = FromQuery(description="`optuna`: one SQLite file.")


@router.get(
    "/jobs/{job_id}/export",
    response_class=StreamingResponse,
    responses={
        200: {"content": {optuna_file.MEDIA_TYPE: BINARY}},
        **downloads.PARTIAL,
        **documented(404, 416, 422, 503),
    },
    dependencies=EXACT,
)
def export_job(
    database: InDatabase, request: Request, job_id: Id, query: Annotated[ExportQuery, FromQuery()]
) -> Response:
    """Download a job as a database for Optuna and its dashboard: a study for each search."""
    with database.read() as session:
        job = jobs.get(session, job_id)
    file = optuna_file.optuna_file(database, job)  # no transaction is open while it is made
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    so_far = "" if job.state.is_final else "-so-far"
    name = f"job-{job_id}-{query.format}{so_far}.db"
    return downloads.of_file(request, file, name, optuna_file.MEDIA_TYPE, sha256)
