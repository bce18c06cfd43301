"""What the table of the kinds of task names for workers is there."""

from __future__ import annotations

from pkgutil import resolve_name

import pytest

from service.tasks.families import LabelledTask, PatchTask
from service.tasks.kinds import TRAINED
from service.tasks.registry import TASKS
from workers.training.data.targets import Targets
from workers.training.objectives import OBJECTIVES
from workers.training.objectives.labelled import LabelledObjective
from workers.training.objectives.patched import PatchObjective


@pytest.mark.parametrize("kind", TRAINED)
def test_each_name_of_a_row_is_what_it_should_be(kind: str) -> None:
    row, section = TRAINED[kind], TASKS[kind].section
    is_patched = row.data in {"plain", "pairs"}
    assert issubclass(section, PatchTask if is_patched else LabelledTask)
    objective = OBJECTIVES[kind]
    assert isinstance(objective, type)
    assert issubclass(objective, PatchObjective if is_patched else LabelledObjective)
    assert all(callable(resolve_name(name)) for name in row.sets.values())
    assert isinstance(resolve_name(row.targets), Targets)
