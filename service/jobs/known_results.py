"""Jobs that are known already: their results are taken, and nothing is trained again."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.errors import OtherVersionError
from service.storage import jobs, trials
from service.studies import payloads
from service.studies.resolved import ResolvedSpec

# Of the newest jobs that succeeded.
MOST_JOBS = 100


def same_job(session: Session, resolved: ResolvedSpec) -> int | None:
    """Return the id of the newest job whose results another of this spec would take, all of them.

    Its spec differs by the name alone, and this version of the code trains as the one that ran it.
    """
    wanted = _without_name(resolved.spec.model_dump(mode="json"))
    for job_id, spec in jobs.succeeded_specs(session, MOST_JOBS):
        if _without_name(spec) != wanted:
            continue
        try:
            payloads.require_same_code(resolved, trials.first_of_job(session, job_id))
        except OtherVersionError:
            continue
        return job_id
    return None


def _without_name(spec: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in spec.items() if name != "name"}
