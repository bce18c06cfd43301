"""Studies: the arms of a job."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from api.context import InDatabase
from api.paging import Id
from api.problems import documented
from api.schemas import ListOut, StudyOut
from service.progress import ENDED
from service.states import Phase, TrialState
from service.storage import jobs, studies, trials

router = APIRouter(prefix="/v1", tags=["studies"])


@router.get(
    "/jobs/{job_id}/studies", response_model=ListOut[StudyOut], responses=documented(404, 422)
)
def list_studies(database: InDatabase, job_id: Id) -> dict[str, Any]:
    """List a job's studies in the order of its spec: samplers, then controls."""
    with database.read() as session:
        jobs.get(session, job_id)
        found = studies.of_job(session, job_id)
        counts = trials.counts(session, job_id)

    def count(study_id: int, *states: TrialState) -> int:
        return sum(counts.get((study_id, Phase.SEARCH, state), 0) for state in states)

    items = [
        {
            **asdict(study),
            "n_finished": min(count(study.id, *ENDED), study.n_trials),
            "n_running": count(study.id, TrialState.RUNNING),
            "n_waiting": count(study.id, TrialState.WAITING),
        }
        for study in found
    ]
    return {"items": items}
