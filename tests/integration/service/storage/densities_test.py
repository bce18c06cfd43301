"""Stored densities, evaluations and artifacts of a job."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import NotFoundError
from service.jobs import commands
from service.records import Job
from service.storage import deletion, densities, studies, trials
from service.storage.database import Database
from tests.support.stored_rows import new_job, trial_rows


@pytest.fixture
def job(sqlite_database: Database) -> Job:
    """A job with two trials."""
    job = new_job(sqlite_database)
    with sqlite_database.write() as session:
        trials.insert_all(session, trial_rows(sqlite_database, job, 2))
    return job


def ids_of(database: Database, job: Job) -> tuple[int, list[int]]:
    with database.read() as session:
        (study,) = studies.of_job(session, job.id)
        return study.id, [trial.id for trial in trials.of_job(session, job.id)]


def density(job: Job, study_id: int, trial_id: int, layer: str = "") -> dict[str, Any]:
    return {
        "job_id": job.id, "study_id": study_id, "trial_id": trial_id, "layer": layer,
        "family": "symmetric", "kernel_size": 3, "n_dims": 2, "vector": [0.5], "alpha": [0.5, 1.0],
        "beta": None, "phi": [[1.0]], "den": [0.5], "provenance": {},
    }  # fmt: skip


def test_a_study_has_one_density_a_layer_and_keeps_their_ids(
    sqlite_database: Database, job: Job
) -> None:
    study_id, (first, second) = ids_of(sqlite_database, job)
    with sqlite_database.write() as session:
        rows = [density(job, study_id, first, layer) for layer in ("a", "b")]
        densities.put_all(session, study_id, rows)
        before = {found.layer: found.id for found in densities.of_job(session, job.id)}
        rows = [density(job, study_id, second, layer) for layer in ("b", "c")]
        densities.put_all(session, study_id, rows)
    with sqlite_database.read() as session:
        found = densities.of_job(session, job.id)
        assert {each.layer: each.trial_id for each in found} == {"b": second, "c": second}
        assert next(each.id for each in found if each.layer == "b") == before["b"]
        assert densities.get(session, found[0].id) == found[0]


def test_densities_of_a_deleted_job_are_not_kept(sqlite_database: Database, job: Job) -> None:
    study_id, (first, _) = ids_of(sqlite_database, job)
    with sqlite_database.write() as session:
        densities.put_all(session, study_id, [density(job, study_id, first)])
        (found,) = densities.of_job(session, job.id)
        assert densities.are_kept(session, [found.id, found.id])
        assert not densities.are_kept(session, [found.id, found.id + 1])
    commands.cancel(sqlite_database, job.id)
    with sqlite_database.write() as session:
        deletion.mark(session, job.id)
        assert not densities.are_kept(session, [found.id])
        with pytest.raises(NotFoundError, match=f"no density {found.id}"):
            densities.get(session, found.id)


def test_evaluations_come_by_seed_until_they_are_chosen_again(
    sqlite_database: Database, job: Job
) -> None:
    study_id, trial_ids = ids_of(sqlite_database, job)
    with sqlite_database.write() as session:
        rows = [
            {"job_id": job.id, "study_id": study_id, "trial_id": trial_id, "seed_index": index}
            for index, trial_id in zip((1, 0), trial_ids, strict=True)
        ]
        densities.insert_evaluations(session, rows)
        found = densities.evaluations(session, job.id)
        assert [(each.seed_index, each.trial_id) for each in found] == [
            (0, trial_ids[1]), (1, trial_ids[0])
        ]  # fmt: skip
        densities.forget_evaluations(session, job.id)
        assert densities.evaluations(session, job.id) == []


def test_an_artifact_replaces_the_one_of_its_name(sqlite_database: Database, job: Job) -> None:
    _, trial_ids = ids_of(sqlite_database, job)
    row = {"job_id": job.id, "name": "a.safetensors", "media_type": "x/y", "sha256": "0" * 64}
    with sqlite_database.write() as session:
        made = [
            densities.put_artifact(
                session, row | {"trial_id": trial_id, "path": f"{trial_id}", "n_bytes": trial_id}
            )
            for trial_id in trial_ids
        ]
        assert made[0].id == made[1].id
        assert densities.artifacts(session, job.id) == [made[1]]
        assert densities.artifacts_of_trial(session, trial_ids[0]) == []
        assert densities.artifacts_of_trial(session, trial_ids[1]) == [made[1]]
        assert densities.get_artifact(session, made[1].id).path == f"{trial_ids[1]}"
        with pytest.raises(NotFoundError, match="no artifact"):
            densities.get_artifact(session, made[1].id + 1)
