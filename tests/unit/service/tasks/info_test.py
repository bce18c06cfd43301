"""What the service knows of a kind of task: its name, what it is trained on, what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pytest

from service.tasks.families import LabelledTask
from service.tasks.info import TaskInfo, of_classes


class SortingTask(LabelledTask):
    """A kind that does not exist."""

    kind: Literal["sorting"]
    dataset: str = "letters"


def _too_few(manifest: Mapping[str, Any]) -> str | None:
    return "has one class" if len(manifest["classes"]) < 2 else None


INFO = TaskInfo(section=SortingTask, takes=("labelled", "multilabel"), lacks=_too_few)


def test_a_kind_is_called_what_its_section_says() -> None:
    assert INFO.name == "sorting"


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ({"kind": "labelled", "classes": ["a", "b"]}, None),
        ({"kind": "multilabel", "classes": ["a", "b"]}, None),
        ({"kind": "labelled", "classes": ["a"]}, "has one class"),
        (
            {"kind": "pairs", "classes": ["a"]},
            "is pairs: sorting needs labelled or multilabel samples",
        ),
    ],
)
def test_a_misfit_is_of_another_sort_or_lacks_something(
    manifest: dict[str, Any], reason: str | None
) -> None:
    assert INFO.misfit(manifest) == reason


def test_a_kind_that_asks_for_nothing_else_takes_every_set_of_its_sorts() -> None:
    info = TaskInfo(section=SortingTask, takes=("labelled",))
    assert info.misfit({"kind": "labelled", "classes": []}) is None


def test_there_is_an_output_for_each_class_unless_it_is_said_otherwise() -> None:
    assert INFO.n_outputs({"classes": ["a", "b", "c"]}) == of_classes({"classes": "abc"}) == 3
