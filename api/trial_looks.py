"""One look in the database for all trainers that wait for trials of the same job."""

from __future__ import annotations

import asyncio
from contextvars import Context

from starlette.concurrency import run_in_threadpool

from service.jobs import asks
from service.storage.claims import AskedJob
from service.storage.database import Database
from service.storage.deadlines import within
from service.storage.look_times import LookTimes

# How often a job is looked at, at most, while trainers wait for it.
LOOK_S = 0.1
READ_S = 5.0
# Jobs whose last look is remembered.
MOST_JOBS = 1_000

Look = tuple[AskedJob, bool]


class TrialLooks:
    """Looks for trials on behalf of asks that wait; 100 of them cost as much as one.

    Thread safety: none; it lives in the event loop of the server.

    Args:
        database: Read in a thread, a short transaction for each look.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._under_way: dict[int, asyncio.Task[Look]] = {}
        self._seen: dict[int, tuple[AskedJob, LookTimes]] = {}

    async def next(self, job_id: int) -> Look:
        """Return a job, and whether a trial of it is offered, at its next look.

        Where looking again would find nothing new yet, what the last look found of the job.

        Raises:
            DensearchError: As `service.jobs.asks.find`.
        """
        task = self._under_way.get(job_id)
        if task is None:
            # Not in the context of the first ask, whose deadline is not that of the others.
            task = asyncio.create_task(self._look(job_id), context=Context())
            task.add_done_callback(_note)
            self._under_way[job_id] = task
        return await asyncio.shield(task)

    async def _look(self, job_id: int) -> Look:
        await asyncio.sleep(LOOK_S)
        del self._under_way[job_id]  # who comes from now on waits for another look
        before, times = self._seen.pop(job_id, (None, LookTimes(self._database, LOOK_S)))
        if not times.is_due() and before is not None:
            found = before, False
        else:
            with within(READ_S):
                found = await run_in_threadpool(asks.find, self._database, job_id)
            if found[1]:
                times.note_news()
        self._remember(found[0], times)
        return found

    def _remember(self, job: AskedJob, times: LookTimes) -> None:
        self._seen[job.id] = job, times
        if len(self._seen) > MOST_JOBS:
            del self._seen[next(iter(self._seen))]


def _note(task: asyncio.Task[Look]) -> None:
    """Read a look's error: those that waited for it may all be gone."""
    if not task.cancelled():
        task.exception()
