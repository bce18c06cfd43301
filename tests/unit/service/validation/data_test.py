"""Whether there is a data set of the name that a spec gives."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import InvalidSpecError
from service.spec import JobSpec
from service.tasks.registry import built_in_sets
from service.validation import data, parse

BUDGET: dict[str, Any] = {"name": "n", "budget": {"n_trials": 3}, "samplers": ["random"]}


@pytest.mark.parametrize(("kind", "dataset"), [(kind, name) for kind, name, _ in built_in_sets()])
def test_every_built_in_set_may_be_named_for_its_kind(kind: str, dataset: str) -> None:
    spec = JobSpec.model_validate({**BUDGET, "task": {"kind": kind, "dataset": dataset}})
    assert list(data.faults(spec)) == []


@pytest.mark.parametrize(
    ("kind", "dataset", "known"),
    [
        ("classification", "cats", "digits, textures, faces, waveforms"),
        ("denoising", "digits", "photos, phantoms"),  # of another kind
        ("multilabel", "mosaic", "mosaics"),
    ],
)
def test_a_set_that_is_none_is_refused_with_those_that_are(
    kind: str, dataset: str, known: str
) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse({**BUDGET, "task": {"kind": kind, "dataset": dataset}})
    (fault,) = caught.value.faults
    assert fault.pointer == "/task/dataset"
    assert fault.detail.startswith("no set of this kind has that name: use " + known)
    assert fault.detail.endswith("or install the package that brings it")


def test_a_stored_set_is_looked_up_later() -> None:
    task = {"kind": "classification", "dataset": "stored:1"}
    parse.parse({**BUDGET, "task": task})


def subset_faults(n_train: object, **task: Any) -> list[tuple[str, str]]:
    section = {"kind": "classification", "dataset": "digits", "n_train": n_train, **task}
    try:
        parse.parse({**BUDGET, "task": section})
    except InvalidSpecError as error:
        return [(fault.pointer, fault.detail) for fault in error.faults]
    return []


@pytest.mark.parametrize(("kind", "dataset"), [(kind, name) for kind, name, _ in built_in_sets()])
def test_every_built_in_set_has_subsets(kind: str, dataset: str) -> None:
    spec = {**BUDGET, "task": {"kind": kind, "dataset": dataset, "n_train": 0.5}}
    assert list(data.faults(JobSpec.model_validate(spec))) == []


@pytest.mark.parametrize("n_train", [0, -3, 1.0, 0.0, -0.5, 1.5, True, "500", [500]])
def test_what_is_no_size_of_a_subset_is_refused(n_train: object) -> None:
    ((pointer, detail),) = subset_faults(n_train)
    assert pointer == "/task/n_train"
    assert detail.startswith("must be a number of training samples from 1, or a part of them")


@pytest.mark.parametrize(
    ("n_train", "task", "detail"),
    [
        (1079, {}, "digits has 1078 training samples: use at most 1078, or leave it out"),
        (9, {}, "9 training samples of digits are fewer than its 10 classes: use at least 10"),
        (0.0001, {}, "is none: use at least 1, or a part of at least 0.00093"),
        (8, {"kind": "denoising", "dataset": "photos"},
         "photos has 7 training samples: use at most 7, or leave it out to train on all"),
        (3, {"dataset": "stored:1", "data": {"n_training": 11, "n_outputs": 2,
         "least_n_train": 6}}, "stored:1 would leave a class without any: use at least 6"),
    ],
)  # fmt: skip
def test_a_subset_that_the_set_does_not_have_is_refused(
    n_train: object, task: dict[str, Any], detail: str
) -> None:
    ((pointer, found),) = subset_faults(n_train, **task)
    assert pointer == "/task/n_train"
    assert detail in found


@pytest.mark.parametrize("n_train", [10, 1078, 0.01, 0.9999])
def test_the_ends_of_what_is_possible_are_taken(n_train: object) -> None:
    assert subset_faults(n_train) == []


def test_a_set_that_does_not_say_how_many_samples_it_has_has_no_subsets() -> None:
    task = {"dataset": "stored:1", "data": {"n_outputs": 2}}
    ((pointer, detail),) = subset_faults(5, **task)
    assert pointer == "/task/n_train"
    assert detail.endswith("does not say how many samples it has: leave it out")
