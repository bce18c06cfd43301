"""Studies: the arms of a job."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from api.context import InDatabase
from api.paging import Id
from api.problems.handlers import documented
from api.schemas.base import ListOut
from api.schemas.studies import StudyOut
from service.jobs import progress
from service.storage import jobs, studies

router = APIRouter(prefix="/v1", tags=["studies"])


@router.get(
    "/jobs/{job_id}/studies", response_model=ListOut[StudyOut], responses=documented(404, 422)
)
def list_studies(database: InDatabase, job_id: Id) -> dict[str, Any]:
    """List a job's studies in the order of its spec: samplers, then controls."""
    with database.read() as session:
        job = jobs.get(session, job_id)
        found = studies.of_job(session, job_id)
        counts = progress.of_studies(session, job, found)
    return {
        "items": [
            {**asdict(study), **asdict(count), "hit_rate": count.hit_rate}
            for study, count in zip(found, counts, strict=True)
        ]
    }
