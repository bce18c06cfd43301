"""Artifacts: the files of a job, such as the folded weights of a trained network."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api import downloads
from api.context import InDatabase, WithSettings
from api.paging import Id
from api.problems.handlers import documented
from api.schemas.artifacts import ArtifactOut
from api.schemas.base import BINARY, ListOut
from service.errors import NotFoundError
from service.storage import densities, jobs

router = APIRouter(prefix="/v1", tags=["artifacts"])


@router.get(
    "/jobs/{job_id}/artifacts", response_model=ListOut[ArtifactOut], responses=documented(404, 422)
)
def list_artifacts(database: InDatabase, job_id: Id) -> dict[str, Any]:
    """List a job's files by name."""
    with database.read() as session:
        jobs.get(session, job_id)
        return {"items": densities.artifacts(session, job_id)}


@router.get(
    "/artifacts/{artifact_id}",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/octet-stream": BINARY}},
        **downloads.PARTIAL,
        **documented(404, 416, 422),
    },
)
def download_artifact(
    database: InDatabase, settings: WithSettings, request: Request, artifact_id: Id
) -> Response:
    """Download a file."""
    with database.read() as session:
        artifact = densities.get_artifact(session, artifact_id)
    file = downloads.opened(settings.data_dir, artifact.path)
    if file is None:
        raise NotFoundError("file of artifact", artifact_id)
    return downloads.of_file(request, file, artifact.name, artifact.media_type, artifact.sha256)
