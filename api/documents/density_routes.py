"""Learned densities: list and download."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi import Query as FromQuery
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api import downloads
from api.context import InDatabase
from api.documents.figures import density_picture
from api.formats import JSON, MEDIA_TYPES
from api.paging import Id, Query
from api.problems.handlers import documented
from api.schemas.base import BINARY, TEXT, ListOut
from api.schemas.densities import DensityOut
from service.jobs import density_files
from service.records import DensityRecord
from service.storage import densities, jobs, studies

router = APIRouter(prefix="/v1", tags=["densities"])


_CONTENT = {
    MEDIA_TYPES["npz"]: BINARY,
    MEDIA_TYPES["csv"]: TEXT,
    MEDIA_TYPES["safetensors"]: BINARY,
    MEDIA_TYPES["svg"]: TEXT,
    MEDIA_TYPES["png"]: BINARY,
}


class FormatQuery(Query):
    """The format of a download."""

    format: Literal["json", "npz", "csv", "safetensors", "svg", "png"] = "json"


def _out(session: Session, record: DensityRecord) -> DensityOut:
    names = {study.id: study.name for study in studies.of_job(session, record.job_id)}
    return DensityOut.model_validate(
        {
            **asdict(record),
            **asdict(density_files.shape_of(record)),
            "gamma": density_files.gamma_of(record),
            "study": names[record.study_id],
            "layers": record.provenance.get("layers", []),
        }
    )


@router.get(
    "/jobs/{job_id}/densities", response_model=ListOut[DensityOut], responses=documented(404, 422)
)
def list_densities(database: InDatabase, job_id: Id) -> dict[str, Any]:
    """List the best density of each study that has a completed trial."""
    with database.read() as session:
        jobs.get(session, job_id)
        found = densities.of_job(session, job_id)
        return {"items": [_out(session, record) for record in found]}


@router.get(
    "/densities/{density_id}",
    response_model=DensityOut,
    responses={
        200: {"content": _CONTENT},
        **downloads.PARTIAL,
        **documented(404, 416, 422),
    },
)
def download_density(
    database: InDatabase,
    request: Request,
    density_id: Id,
    query: Annotated[FormatQuery, FromQuery()],
) -> Response:
    """Download a density: JSON, NumPy archive (no pickle), CSV, safetensors or a picture."""
    with database.read() as session:
        record = densities.get(session, density_id)
        content = _written(session, record, query.format)
    name = f"density-{density_id}.{query.format}"
    whole = content.encode() if isinstance(content, str) else content
    return downloads.of_bytes(request, whole, name, MEDIA_TYPES.get(query.format, JSON))


def _written(session: Session, record: DensityRecord, form: str) -> bytes | str:
    if form == "npz":
        return density_files.to_npz(record)
    if form == "safetensors":
        return density_files.to_safetensors(record)
    if form == "png":
        return density_picture.png_of(record)
    if form == "svg":
        return density_picture.svg_of(record)
    if form == "csv":
        return density_files.to_csv(record)
    return _out(session, record).model_dump_json()
