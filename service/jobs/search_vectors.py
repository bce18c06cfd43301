"""The meaning of each value of a stored job's search vector."""

from __future__ import annotations

from service.errors import InvalidSpecError
from service.records import Job
from service.studies.search_vector import VectorEntry, described
from service.validation import parse


def of_job(job: Job) -> list[VectorEntry] | None:
    """Describe the vector of a stored job.

    None for a job that this server does not accept any more: the package of its network was
    removed, or only an earlier version accepted its spec.
    """
    try:
        return described(parse.parse(job.spec))
    except InvalidSpecError:
        return None
