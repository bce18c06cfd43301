"""What users do to jobs: submit, clone, pause, resume, cancel."""

from __future__ import annotations

import pytest

from service.errors import (
    InvalidSpecError,
)
from service.jobs import commands as use_cases
from service.storage import jobs
from service.storage.database import Database
from tests.support.jobs import run_whole, training_job


def test_a_clone_is_a_new_job_from_the_old_spec(database: Database) -> None:
    job_id = run_whole(database, training_job())
    clone = use_cases.clone(database, job_id, {"name": "again", "budget": {"n_trials": 4}})
    with database.read() as session:
        old = jobs.get(session, job_id)
    assert clone.id != job_id
    assert clone.spec == old.spec | {"name": "again", "budget": clone.spec["budget"]}
    assert clone.spec["budget"]["n_trials"] == 4
    # null takes a field away, and with it what was filled in for it.
    wider = {"network": {"kernel_size": 5}, "density": {"bounds": None}}
    other = use_cases.clone(database, job_id, wider)
    assert len(other.spec["density"]["bounds"]) == 2
    with pytest.raises(InvalidSpecError) as caught:
        use_cases.clone(database, job_id, {"network": {"kernel_size": 5}})
    assert caught.value.faults[0].pointer == "/density/bounds"
