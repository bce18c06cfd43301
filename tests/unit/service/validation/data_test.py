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
