"""Stored studies of a job."""

from __future__ import annotations

from service.storage import studies
from service.storage.database import Database
from tests.support.jobs import submit, training_job


def test_studies_come_in_the_order_of_the_spec(sqlite_database: Database) -> None:
    job_id = submit(sqlite_database, training_job(samplers=["tpe", "cmaes"], controls=["flat"]))
    submit(sqlite_database, training_job(samplers=["random"]))
    with sqlite_database.read() as session:
        found = studies.of_job(session, job_id)
        assert studies.of_job(session, job_id + 100) == []
    assert [study.name for study in found] == ["tpe", "cmaes", "flat"]
    assert [study.place for study in found] == [0, 1, 2]
    assert not any(study.is_finished for study in found)


def test_a_change_is_of_one_study_and_of_the_named_columns(sqlite_database: Database) -> None:
    job_id = submit(sqlite_database, training_job(samplers=["tpe", "cmaes"], controls=[]))
    with sqlite_database.write() as session:
        first, second = studies.of_job(session, job_id)
        studies.change(session, first.id, stopped_at=3, stopped_by="noise")
    with sqlite_database.read() as session:
        changed, other = studies.of_job(session, job_id)
    assert (changed.stopped_at, changed.stopped_by) == (3, "noise")
    assert (changed.name, changed.n_trials, changed.seed) == (
        first.name, first.n_trials, first.seed,
    )  # fmt: skip
    assert other == second
