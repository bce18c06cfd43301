"""Asks that wait for the same job share its looks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import count
from typing import cast

import pytest

from api import trial_looks
from api.trial_looks import Look, TrialLooks
from service.errors import NotFoundError
from service.jobs import asks
from service.states import JobState
from service.storage.claims import AskedJob
from service.storage.database import Database


class Written:
    """A database in which somebody writes all the time, or nobody does."""

    def __init__(self, *, is_quiet: bool = False) -> None:
        self._is_quiet, self._number = is_quiet, count()

    def written_at(self) -> tuple[int, ...]:
        return (0,) if self._is_quiet else (next(self._number),)


def looks_at(*, is_quiet: bool = False) -> TrialLooks:
    return TrialLooks(cast("Database", Written(is_quiet=is_quiet)))


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The jobs that are looked at, in turn; there is no job 9."""
    found: list[int] = []

    def find(_database: Database, job_id: int) -> Look:
        found.append(job_id)
        if job_id == 9:
            raise NotFoundError("job", job_id)
        return AskedJob(job_id, JobState.RUNNING, {}, None, datetime.now(UTC)), True

    monkeypatch.setattr(asks, "find", find)
    monkeypatch.setattr(trial_looks, "LOOK_S", 0.0)
    return found


def test_all_that_wait_for_a_job_get_the_same_look(looked: list[int]) -> None:
    async def wait() -> list[Look]:
        looks = looks_at()
        found = await asyncio.gather(*(looks.next(1 + n % 2) for n in range(20)))
        return [*found, await looks.next(1)]

    found = asyncio.run(wait())
    assert sorted(looked) == [1, 1, 2]
    assert [job.id for job, _ in found] == [1, 2] * 10 + [1]


def test_a_look_that_fails_reaches_all_and_one_that_leaves_stops_no_other(
    looked: list[int],
) -> None:
    async def wait() -> list[object]:
        looks = looks_at()
        waiting = [asyncio.ensure_future(looks.next(9)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        return list(await asyncio.gather(*waiting, return_exceptions=True))

    cancelled, *others = asyncio.run(wait())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert [type(one) for one in others] == [NotFoundError, NotFoundError]
    assert looked == [9]


def test_while_nobody_writes_nobody_looks(looked: list[int]) -> None:
    async def wait() -> list[Look]:
        looks = looks_at(is_quiet=True)
        return [await looks.next(1) for _ in range(5)]

    found = asyncio.run(wait())
    assert looked == [1]
    assert [(job.id, has_offer) for job, has_offer in found] == [(1, True)] + 4 * [(1, False)]
