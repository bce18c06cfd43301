"""Jobs that are known already: their results are taken, and nothing is trained again."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.errors import OtherVersionError
from service.states import JobState
from service.storage import job_pages, trials
from service.storage.job_pages import JobFilter
from service.studies import payloads
from service.studies.resolved import ResolvedSpec

# Of the newest jobs that succeeded.
MOST_JOBS = 100


def same_job(session: Session, resolved: ResolvedSpec) -> int | None:
    """Return the id of the newest job whose results another of this spec would take, all of them.

    Its spec differs by the name alone, and this version of the code trains as the one that ran it.
    """
    wanted = _without_name(resolved.spec.model_dump(mode="json"))
    for job in job_pages.page(session, JobFilter(state=JobState.SUCCEEDED), limit=MOST_JOBS):
        if _without_name(job.spec) != wanted:
            continue
        try:
            payloads.require_same_code(resolved, trials.first_of_job(session, job.id))
        except OtherVersionError:
            continue
        return job.id
    return None


def _without_name(spec: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in spec.items() if name != "name"}
