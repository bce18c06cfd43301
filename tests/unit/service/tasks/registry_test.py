"""The kinds of task: one row and one module each, known by name nowhere else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from service.tasks.kinds import NAMES, TRAINED
from service.tasks.registry import TASKS, answering, built_in_sets, kind_for
from tests.support.root import ROOT

# Documentation of their attributes, and jobs to start from.
MENTIONS = {
    "api/agents/spec_guide.py",
    "api/dashboard/examples.py",
    "api/dashboard/pages/new_job.py",
    "api/routes/campaigns.py",
    "api/routes/jobs.py",
    "library/densearch/answers/compared_metric.py",  # of trainers outside alone
    "library/densearch/plugins/contracts.py",
    "service/datasets/formats/folder_words.py",  # as a name of folders
    "workers/bundle/card.py",  # by the names of another site
    "workers/probe.py",
}
# Also the name of a kind of stored data.
SHARED = {"multilabel"}


def manifest(kind: str, **others: Any) -> dict[str, Any]:
    return {"kind": kind, "n_channels": 3, "classes": [], **others}


@pytest.mark.parametrize("kind", NAMES)
def test_a_kind_is_called_what_its_section_says(kind: str) -> None:
    assert TASKS[kind].name == kind
    assert (TASKS[kind].answer is not None) == (kind in TRAINED)


@pytest.mark.parametrize("kind", TRAINED)
def test_workers_load_the_sets_that_the_service_lists(kind: str) -> None:
    assert list(TRAINED[kind].sets) == list(TASKS[kind].sets)
    default = TASKS[kind].section.model_fields["dataset"].default
    assert default == next(iter(TASKS[kind].sets))
    assert {name for of, name, _ in built_in_sets() if of == kind} == set(TRAINED[kind].sets)


def test_no_other_module_knows_a_kind_by_its_name() -> None:
    wanted = re.compile(
        "|".join(f'"{kind}"' for kind in TASKS if kind not in {*SHARED, "function"})
    )
    found = {
        str(path.relative_to(ROOT))
        for folder in ("api", "library/densearch", "service", "workers")
        for path in (ROOT / folder).rglob("*.py")
        if wanted.search(path.read_text("utf-8"))
    }
    assert {name for name in found if not name.startswith("service/tasks/")} == MENTIONS


def test_networks_fit_by_what_they_answer() -> None:
    assert {"classification", "multilabel"} <= set(answering("classes"))
    assert {"denoising", "image_to_image"} <= set(answering("image"))
    assert not set(answering("classes")) & set(answering("image"))


@pytest.mark.parametrize(
    ("stored", "kind", "n_outputs"),
    [
        (manifest("labelled", classes=["cat", "dog"]), "classification", 2),
        (manifest("multilabel", classes=["a", "b", "c", "d"]), "multilabel", 4),
        (manifest("pairs", target_channels=2), "image_to_image", 2),
        (manifest("unlabelled"), "denoising", 3),
    ],
)
def test_a_stored_set_has_a_kind_that_makes_most_of_it(
    stored: dict[str, Any], kind: str, n_outputs: int
) -> None:
    assert kind_for(stored) == kind
    assert TASKS[kind].n_outputs(stored) == n_outputs
    # Noise can be added to samples of every kind.
    assert TASKS["denoising"].misfit(stored) is None
    assert TASKS["denoising"].n_outputs(stored) == 3


def test_a_misfit_names_what_is_needed() -> None:
    reason = TASKS["image_to_image"].misfit(manifest("labelled"))
    assert reason == "is labelled: image_to_image needs pairs samples"
