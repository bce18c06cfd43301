"""The scan of a job's numbered search trials against the trials themselves."""

from __future__ import annotations

import pytest

from service.states import Phase
from service.storage import numbered_trials, studies, trials
from service.storage.columns import time_of
from service.storage.database import Database
from tests.support import seeding


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_they_are_the_trials_of_each_study_by_number(database: Database) -> None:
    job = seeding.running(database)
    with database.read() as session:
        found = numbered_trials.by_study(session, job.id)
        assert numbered_trials.by_study(session, job.id) is found
        own = studies.of_job(session, job.id)
        known = [t for t in trials.of_job(session, job.id) if t.phase is Phase.SEARCH]
    for study in own:
        every = [t for t in known if t.study_id == study.id and t.number is not None]
        every.sort(key=lambda trial: trial.number or 0)
        compute_s = 0.0
        assert [one.id for one in found.get(study.id, [])] == [trial.id for trial in every]
        for one, trial in zip(found.get(study.id, []), every, strict=True):
            compute_s += trial.training_s or 0.0
            assert one.compute_s == pytest.approx(compute_s)
            same = (trial.number, trial.state, trial.value, trial.is_diverged, trial.cached_from)
            shown = (one.number, one.state, one.value, one.is_diverged, one.cached_from)
            assert shown == same
            assert (one.finished_at and time_of(one.finished_at)) == trial.finished_at
