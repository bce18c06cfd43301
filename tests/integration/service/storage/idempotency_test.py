"""Idempotency keys: one key makes one job."""

from __future__ import annotations

import threading

import pytest

from service.errors import IdempotencyConflictError
from service.jobs import commands
from service.storage import job_pages
from service.storage.database import Database
from tests.support.stored_specs import SPEC


def test_one_key_makes_one_job_however_many_ask_at_once(database: Database) -> None:
    made: list[tuple[int, bool]] = []

    def ask() -> None:
        job, is_new = commands.submit(database, SPEC, "the-key")
        made.append((job.id, is_new))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job_id for job_id, _ in made}) == 1
    assert sum(is_new for _, is_new in made) == 1
    other = SPEC.model_copy(update={"seed": 1})
    with pytest.raises(IdempotencyConflictError):
        commands.submit(database, other, "the-key")
    with database.read() as session:
        assert len(job_pages.page(session, limit=10)) == 1
