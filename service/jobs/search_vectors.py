"""The meaning of each value of a stored job's search vector."""

from __future__ import annotations

from service.errors import InvalidSpecError
from service.jobs.commands import resolved_of
from service.records import Job
from service.studies.search_vector import VectorEntry, described


def of_job(job: Job) -> list[VectorEntry] | None:
    """Describe the vector of a stored job.

    None for a job that this server does not accept any more: the package of its network was
    removed, or only an earlier version accepted its spec.
    """
    try:
        return described(resolved_of(job))
    except InvalidSpecError:
        return None
