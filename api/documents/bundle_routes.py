"""The bundle of a job: what it has found, for use without this product."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi import Query as FromQuery
from fastapi.responses import StreamingResponse

from api import downloads
from api.context import InDatabase, WithSettings
from api.documents import bundles
from api.paging import Id, Query, Word
from api.parameters import EXACT
from api.problems.handlers import documented
from api.schemas.base import BINARY
from service.errors import NotFoundError

router = APIRouter(prefix="/v1", tags=["artifacts"])


class BundleQuery(Query):
    """Which bundle."""

    arm: Word | None = FromQuery(
        default=None,
        description="Name of an arm; the recommended one, else the best search, if left out.",
    )
    norm: Literal["kept", "folded"] = FromQuery(
        default="kept",
        description="`folded`: batch normalisation becomes part of the convolutions.",
    )


@router.get(
    "/jobs/{job_id}/bundle",
    response_class=StreamingResponse,
    responses={
        200: {"content": {bundles.MEDIA_TYPE: BINARY}},
        **downloads.PARTIAL,
        **documented(404, 416, 422, 503),
    },
    dependencies=EXACT,
)
def download_bundle(
    database: InDatabase,
    settings: WithSettings,
    request: Request,
    job_id: Id,
    query: Annotated[BundleQuery, FromQuery()],
) -> Response:
    """Download densities, trained network, report and provenance of an arm as a ZIP archive."""
    found = bundles.bundle_of(database, settings, job_id, query.arm, query.norm)
    file = downloads.opened(settings.data_dir, found.path)
    if file is None:
        raise NotFoundError("bundle of job", job_id)
    name = f"job-{job_id}-{found.name}"
    return downloads.of_file(request, file, name, found.media_type, found.sha256)
