"""The page of a job with its files, and its spec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from api.dashboard.json_text import json_text
from api.dashboard.pages.job_head import JobHead, head_of
from service.jobs import search_vectors
from service.jobs.bundle_source import PREFIX
from service.records import Artifact, Job, Json
from service.storage import densities, item_losses


@dataclass(frozen=True, slots=True)
class FilesTab:
    """What the page of the files shows.

    Attributes:
        has_density: Whether it has a bundle.
        vector: What each value of its search means; None where its spec would be refused now.
    """

    head: JobHead
    artifacts: Sequence[Artifact]
    has_item_losses: bool
    has_density: bool
    vector: list[Json] | None

    @property
    def spec_json(self) -> str:
        """The job's spec as JSON."""
        return json_text(self.head.job.spec)


def files_tab(session: Session, job_id: int) -> FilesTab:
    """Read the page of a job's files.

    Raises:
        NotFoundError: There is no such job.
    """
    head = head_of(session, job_id)
    return FilesTab(
        head,
        # Bundles of earlier states stay; the page links to the one of now.
        [one for one in densities.artifacts(session, job_id) if not one.name.startswith(PREFIX)],
        has_item_losses=bool(item_losses.judged(session, job_id)),
        has_density=bool(densities.of_job(session, job_id)),
        vector=_vector(head.job),
    )


def _vector(job: Job) -> list[Json] | None:
    entries = search_vectors.of_job(job)
    return [asdict(entry) for entry in entries] if entries is not None else None
