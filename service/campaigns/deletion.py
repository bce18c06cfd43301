"""Deleting campaigns: the campaign alone, or together with its jobs, which have ended."""

from __future__ import annotations

from service.errors import NotDeletableError
from service.storage import campaigns, deletion
from service.storage.database import Database

# Jobs that are deleted in one transaction: other writers wait meanwhile.
TOGETHER = 25


def delete(database: Database, campaign_id: int, *, has_jobs: bool = False) -> None:
    """Delete a campaign; its jobs stay ordinary ones, in whatever state, unless asked for.

    Its jobs are deleted first, some in each transaction: what is interrupted can be repeated.

    Args:
        database: Where it is.
        campaign_id: Which.
        has_jobs: Whether its jobs are deleted, too, each as `service.jobs.deletion` does it.

    Raises:
        NotFoundError: There is no such campaign.
        NotDeletableError: Its jobs are to be deleted, and some of them have not ended.
    """
    with database.read() as session:
        campaigns.get(session, campaign_id)
        n_open = len(campaigns.open_jobs(session, campaign_id)) if has_jobs else 0
        job_ids = campaigns.job_ids(session, campaign_id) if has_jobs else []
    if n_open:
        remedy = "cancel it first, wait for their end, or delete it without its jobs"
        raise NotDeletableError("campaign", f"at work (open jobs: {n_open:,})", remedy)
    for start in range(0, len(job_ids), TOGETHER):
        # As for a job: a power cut must not bring them back after their files are removed.
        with database.write(is_durable=True) as session:
            for job_id in job_ids[start : start + TOGETHER]:
                deletion.mark(session, job_id)
    with database.write() as session:
        campaigns.delete(session, campaign_id)
