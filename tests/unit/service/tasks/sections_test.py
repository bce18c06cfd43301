"""The section of a task is found by its kind, and says what its data are."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from densearch.plugins.data_info import DataInfo
from service.tasks import sections
from service.tasks.kinds import NAMES
from service.tasks.registry import TASKS
from service.tasks.sections import Task

TASK: TypeAdapter[Any] = TypeAdapter(Task)
INFO = DataInfo(size_px=24, n_outputs=5, n_training=300)


def task(kind: str, **given: Any) -> Any:  # noqa: ANN401 - a section of any kind
    needed = {"function": {"name": "sphere"}, "external": {"metric": "loss"}}.get(kind, {})
    return TASK.validate_python({"kind": kind, **needed, **given})


@pytest.mark.parametrize("kind", NAMES)
def test_each_kind_is_read_by_its_own_section_and_reads_itself(kind: str) -> None:
    found = task(kind)
    assert type(found) is TASKS[kind].section
    assert TASK.validate_python(found.model_dump(mode="json")) == found


@pytest.mark.parametrize("given", [{"kind": "juggling"}, {"kind": 3}, {}, "digits", None])
def test_what_is_no_task_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        TASK.validate_python(given)


def test_the_schema_has_every_kind() -> None:
    sections_of = TASK.json_schema()["$defs"].values()
    kinds = [section.get("properties", {}).get("kind", {}) for section in sections_of]
    assert set(NAMES) <= {kind.get("const") for kind in kinds}


def test_a_stored_set_is_unknown_until_it_is_looked_up() -> None:
    before = task("classification", dataset="stored:7")
    assert sections.is_stored(before)
    assert sections.data_of(before) is None
    assert sections.n_samples_of(before) is None
    assert sections.sample_px(before) is None
    after = before.model_copy(update={"data": INFO})
    assert sections.data_of(after) == INFO
    assert sections.n_samples_of(after) == 300
    assert sections.sample_px(after) == 24


def test_a_built_in_set_is_known_by_its_name_and_kind() -> None:
    digits = task("classification", dataset="digits")
    assert not sections.is_stored(digits)
    assert sections.data_of(digits) == TASKS["classification"].sets["digits"]
    assert sections.data_of(task("denoising", dataset="digits")) is None
    assert sections.data_name(digits) == "digits"
    assert sections.like(digits) == "classification"


def test_patches_and_sides_that_a_job_asks_for_count_more_than_the_data() -> None:
    patches = task("denoising", patch_px=24, n_patches=77)
    assert (sections.n_samples_of(patches), sections.sample_px(patches)) == (77, 24)
    cut = task("classification", dataset="stored:7", size_px=48)
    assert sections.sample_px(cut) == 48
