"""What each value of a stored job's search vector means."""

from __future__ import annotations

from service.errors import InvalidSpecError
from service.records import Job
from service.studies.search_vector import VectorEntry, described
from service.validation import parse


def of_job(job: Job) -> list[VectorEntry] | None:
    """Describe the vector of a stored job.

    None for one that this server would refuse by now: its network came with a package that is
    gone, or an earlier version of ours took it.
    """
    try:
        return described(parse.parse(job.spec))
    except InvalidSpecError:
        return None
