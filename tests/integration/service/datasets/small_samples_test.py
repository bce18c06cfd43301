"""One small image: the job is refused where it is submitted, cloned or estimated."""

from __future__ import annotations

from typing import Any

import pytest

from service.costs import training_cost
from service.costs.prices import UNPRICED
from service.datasets.store.reader import SPLITS
from service.errors import InvalidSpecError
from service.jobs import commands, estimate
from service.records import Dataset
from service.settings import Settings
from service.storage.database import Database
from service.storage.tables import DatasetRow
from service.studies.resolved import TrainingJob
from service.validation import parse
from tests.support.datasets import making
from tests.support.datasets.importing import add


def add_images(database: Database, settings: Settings, small: dict[str, int]) -> Dataset:
    """Store three images 40 px high for each split, one of them of another width where asked."""
    files = {
        f"{split}/{index}.png": making.image(10 * place + index, (40, small.get(split, 40)))
        for place, split in enumerate(SPLITS)
        for index in range(3)
    }
    return add(database, settings, making.zipped(files))


def spec_of(found: Dataset, patch_px: int) -> dict[str, Any]:
    task = {"kind": "denoising", "dataset": f"stored:{found.id}", "patch_px": patch_px}
    return {"name": "job", "task": task, "budget": {"n_trials": 2}}


@pytest.mark.parametrize("split", SPLITS)
def test_a_small_sample_of_any_split_refuses_the_job_its_estimate_and_its_clones(
    sqlite_database: Database, settings: Settings, split: str
) -> None:
    found = add_images(sqlite_database, settings, {split: 20})
    refused = parse.parse(spec_of(found, 24))
    reason = f"in its {split} split: the smallest is 20 px wide; use at most 20, or store the set"
    with pytest.raises(InvalidSpecError, match=reason) as refusal:
        commands.submit(sqlite_database, refused)
    assert refusal.value.faults[0].pointer == "/task/patch_px"
    with pytest.raises(InvalidSpecError, match=reason):
        estimate.estimate(sqlite_database, refused, UNPRICED, lease_s=15.0)
    job, _ = commands.submit(sqlite_database, parse.parse(spec_of(found, 20)))
    with pytest.raises(InvalidSpecError, match=reason):
        commands.clone(sqlite_database, job.id, {"task": {"patch_px": 24}})


@pytest.mark.parametrize("split", SPLITS)
def test_a_set_that_no_patch_fits_is_refused_with_what_to_store(
    sqlite_database: Database, settings: Settings, split: str
) -> None:
    found = add_images(sqlite_database, settings, {split: 9})
    reason = (
        f"in its {split} split: the smallest is 9 px wide; store the set without samples below"
    )
    with pytest.raises(InvalidSpecError, match=reason):
        commands.submit(sqlite_database, parse.parse(spec_of(found, 16)))


def test_a_set_stored_by_an_earlier_version_is_held_to_the_smallest_of_all_splits(
    sqlite_database: Database, settings: Settings
) -> None:
    """The least sides of its splits were not kept; its trainings are those of a set with them."""
    found = add_images(sqlite_database, settings, {"test": 20})
    payloads = []
    for _ in range(2):
        job, _ = commands.submit(sqlite_database, parse.parse(spec_of(found, 20)))
        resolved = commands.resolved_of(job)
        assert isinstance(resolved, TrainingJob)
        payloads.append(training_cost.typical_payload(resolved, is_full=False))
        with pytest.raises(InvalidSpecError, match="20 px wide"):
            commands.submit(sqlite_database, parse.parse(spec_of(found, 24)))
        with sqlite_database.write() as session:
            row = session.get_one(DatasetRow, found.id)
            row.details = {n: value for n, value in row.details.items() if n != "least_px"}
    assert payloads[0] == payloads[1]
