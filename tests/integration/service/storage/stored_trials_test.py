"""Stored trials against the trials themselves: the same values, and equal while unchanged."""

from __future__ import annotations

import pytest

from service.storage import stored_trials, trials
from service.storage.database import Database
from service.storage.stored_trials import StoredTrial, trial_of
from tests.support import seeding


def read(database: Database, ids: list[int]) -> list[StoredTrial]:
    with database.read() as session:
        return stored_trials.of_ids(session, ids)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_they_are_the_trials_in_the_order_asked_for(database: Database) -> None:
    job = seeding.running(database)
    with database.read() as session:
        known = list(trials.of_job(session, job.id))
        whole = [trials.get(session, trial.id) for trial in reversed(known)]
    found = read(database, [trial.id for trial in whole] + [10**9])
    assert [trial_of(stored) for stored in found] == whole
    assert len({trial.state for trial in whole}) > 1


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_equal_ones_have_not_changed(database: Database) -> None:
    job = seeding.running(database)
    with database.read() as session:
        first, second, *_ = [trial.id for trial in trials.of_job(session, job.id)]
    before = read(database, [first, second])
    assert read(database, [first, second]) == before
    assert set(before) == set(read(database, [first, second]))
    with database.write() as session:
        trials.change(session, [{"id": first, "metrics": {"loss": 0.25}}])
    changed, same = read(database, [first, second])
    assert (changed == before[0], same == before[1]) == (False, True)
    assert trial_of(changed).metrics == {"loss": 0.25}
