"""Trials by column against the trials themselves, in an order and page by page."""

from __future__ import annotations

import json

import pytest

from service.storage import trial_columns, trial_pages
from service.storage.database import Database
from service.storage.stored_trials import trial_of
from service.storage.trial_pages import ALL, TrialKey, TrialOrder
from tests.support import seeding

NAMES = ("value", "id", "params", "metrics", "state", "is_diverged", "finished_at")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_pages_of_columns_are_those_of_trials(database: Database) -> None:
    job, order, after = (
        seeding.running(database),
        TrialOrder(TrialKey.VALUE, is_falling=True),
        None,
    )
    with database.read() as session:
        stored = trial_pages.page(session, job.id, limit=1000, order=order)
        whole = [trial_of(one) for one in stored]
        found: dict[str, list[object]] = {name: [] for name in NAMES}
        while True:
            page, after = trial_columns.page(
                session, job.id, ALL, NAMES, limit=7, order=order, after=after
            )
            for name in NAMES:
                found[name] += page[name]
            if after is None:
                break
    for name in ("params", "metrics"):
        found[name] = [text and json.loads(str(text)) for text in found[name]]
    for name in NAMES[:-1]:
        assert found[name] == [getattr(trial, name) for trial in whole], name
    times = [trial.finished_at and trial.finished_at.isoformat() for trial in whole]
    assert found["finished_at"] == times
