"""A job started by another version of the training code does not continue: results would mix."""

from __future__ import annotations

from typing import Any

import pytest

from service import digest
from service.errors import OtherVersionError
from service.jobs import commands as use_cases
from service.jobs import reopen
from service.orchestration.step import open_run
from service.storage.database import Database
from service.validation import parse
from tests.support.simulation import Simulation

TRAINED: dict[str, Any] = {
    "name": "digits",
    "task": {"kind": "classification", "dataset": "digits"},
    "network": {"kind": "small_cnn", "depth": 1, "width": 4, "kernel_size": 3},
    "training": {"epochs": 1},
    "density": {"family": "symmetric", "bounds": [[0.0, 2.0]]},
    "samplers": ["random"],
    "budget": {"n_trials": 3},
}
FUNCTION: dict[str, Any] = {
    "name": "branin",
    "task": {"kind": "function", "name": "branin", "dimension": 2},
    "samplers": ["random"],
    "budget": {"n_trials": 3},
}


def ended(database: Database, body: dict[str, Any]) -> int:
    job = use_cases.submit(database, parse.parse(body))[0]
    simulation = Simulation(database)
    (run,) = simulation.take()
    simulation.run(run)
    return job.id


@pytest.fixture
def change_version(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - a function
    def change() -> None:
        monkeypatch.setattr(digest, "TRAINING_VERSION", digest.TRAINING_VERSION + 1)
        digest.versions.cache_clear()

    yield change
    monkeypatch.undo()
    digest.versions.cache_clear()


def test_a_job_of_another_version_is_not_extended(
    sqlite_database: Database,
    change_version: Any,  # noqa: ANN401 - a function
) -> None:
    job_id = ended(sqlite_database, TRAINED)
    change_version()
    other = ended(sqlite_database, TRAINED | {"seed": 5})
    with pytest.raises(OtherVersionError, match=f"densearch clone {job_id}"):
        reopen.extend(sqlite_database, job_id, 4)
    reopen.extend(sqlite_database, other, 4)


def test_a_job_of_another_version_is_not_run_on(
    sqlite_database: Database,
    change_version: Any,  # noqa: ANN401 - a function
) -> None:
    job_id = ended(sqlite_database, TRAINED)
    reopen.extend(sqlite_database, job_id, 4)
    (run,) = Simulation(sqlite_database).take()
    change_version()
    with pytest.raises(OtherVersionError):
        open_run(sqlite_database, run.job)


def test_what_trains_nothing_goes_on(
    sqlite_database: Database,
    change_version: Any,  # noqa: ANN401 - a function
) -> None:
    job_id = ended(sqlite_database, FUNCTION)
    change_version()
    reopen.extend(sqlite_database, job_id, 4)
