"""Stored data sets in specs: what a job learns of its set, and what does not fit it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.errors import InvalidSpecError
from service.jobs import commands, dataset_references
from service.settings import Settings
from service.storage import trials
from service.storage.database import Database
from service.validation import parse
from tests.support.datasets.importing import add
from tests.support.datasets.jobs import spec_on
from tests.support.jobs import run_whole


def test_a_job_learns_what_it_must_know_of_its_set(database: Database, settings: Settings) -> None:
    found = add(database, settings)
    job, _ = commands.submit(database, parse.parse(spec_on(f"stored:{found.id}")))
    data = job.spec["task"]["data"]
    assert data["sha256"] == found.sha256
    assert (data["n_channels"], data["size_px"], data["n_outputs"]) == (3, 10, 2)
    assert data["n_training"] == 6
    assert data["least_n_train"] == 2  # three of each class
    assert data["least_px"] == {"train": 10, "validation": 10, "test": 10}
    again = commands.clone(database, job.id, {"name": "other"})
    assert again.spec["task"]["data"] == data
    sent, _ = commands.submit(database, parse.parse(job.spec))  # as its answer shows it
    assert sent.spec == job.spec


@pytest.mark.parametrize(
    ("task", "pointer", "reason"),
    [
        ({"dataset": "stored:99"}, "/task/dataset", "no data set 99"),
        ({"dataset": "stored:x"}, "/task/dataset", "by its id"),
        ({"dataset": "stored"}, "/task/dataset", "by its id"),
        ({"kind": "multilabel"}, "/task/dataset", "is labelled: multilabel needs"),
        ({"data": {"n_channels": 3}}, "/task/data", "of another data set than stored"),
        ({"dataset": "digits", "data": {"n_channels": 3}}, "/task/data", "leave them out"),
        ({"kind": "denoising", "patch_px": 16}, "/task/patch_px", "10 px wide"),
    ],
)
def test_a_spec_that_does_not_fit_its_set_is_refused(
    sqlite_database: Database,
    settings: Settings,
    task: dict[str, Any],
    pointer: str,
    reason: str,
) -> None:
    found = add(sqlite_database, settings)
    spec = spec_on(f"stored:{found.id}")
    spec["task"] |= task
    if task.get("kind") == "denoising":
        spec["network"] = {"kind": "dncnn"}
    with pytest.raises(InvalidSpecError, match=reason) as refused:
        commands.submit(sqlite_database, parse.parse(spec))
    assert refused.value.faults[0].pointer == pointer


def test_the_rules_know_the_size_of_a_stored_set(
    sqlite_database: Database, settings: Settings
) -> None:
    found = add(sqlite_database, settings)
    spec = spec_on(f"stored:{found.id}", network={"kind": "small_cnn", "n_stages": 4})
    with pytest.raises(InvalidSpecError) as refused:
        commands.submit(sqlite_database, parse.parse(spec))
    assert refused.value.faults[0].pointer == "/network/n_stages"


def test_two_names_of_one_content_are_one_training(
    sqlite_database: Database, settings: Settings
) -> None:
    stored_sets = [add(sqlite_database, settings) for _ in range(2)]
    first, second = (
        run_whole(sqlite_database, spec_on(f"stored:{found.id}")) for found in stored_sets
    )
    with sqlite_database.read() as session:
        trained, taken = (trials.of_job(session, job_id) for job_id in (first, second))
    assert all(trial.cached_from is not None for trial in taken)
    assert {t.digest for t in taken} == {t.digest for t in trained}
    named = {trial.payload["task"]["dataset"] for trial in trained}
    assert named == {f"stored:{stored_sets[0].sha256}"}


def test_a_job_shows_what_the_page_of_its_set_warns_of(
    sqlite_database: Database, settings: Settings
) -> None:
    found = add(sqlite_database, settings)
    job, _ = commands.submit(sqlite_database, parse.parse(spec_on(f"stored:{found.id}")))
    other, _ = commands.submit(sqlite_database, parse.parse(spec_on("digits")))
    with sqlite_database.read() as session:
        shown = dataset_references.warnings_of(session, job)
        assert shown == found.details["warnings"]
        assert any("its figures are chance" in words for words in shown)
        assert dataset_references.warnings_of(session, other) == []
    gone = replace(job, spec=job.spec | {"task": job.spec["task"] | {"dataset": "stored:99"}})
    with sqlite_database.read() as session:
        assert dataset_references.warnings_of(session, gone) == []
