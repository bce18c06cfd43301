"""Which jobs may take the rate of their densities from the tuned plain network."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import InvalidSpecError
from service.spec import JobSpec
from service.validation import parse

BODY: dict[str, Any] = {
    "name": "radius",
    "task": {"kind": "classification"},
    "network": {"kind": "small_cnn", "depth": 2, "kernel_size": 5},
    "density": {"family": "gaussian", "bounds": [[0.5, 4.0]], "normalised": True},
    "tuned_rate": {"seed": 0},
    "samplers": ["grid"],
    "controls": ["uniform_tuned"],
    "budget": {"n_trials": 9},
    "evaluation": {"n_seeds": 0},
}
RATES = {"lr": {"low": 0.01, "high": 0.1}}


def spec_of(**changes: Any) -> JobSpec:
    return parse.parse(BODY | changes)


def test_a_stored_spec_has_it_only_where_it_was_given() -> None:
    assert spec_of().model_dump(mode="json")["tuned_rate"] == {"seed": 0}
    assert "tuned_rate" not in spec_of(tuned_rate=None).model_dump(mode="json")
    assert spec_of(tuned_rate={}, evaluation={"n_seeds": 2}).tuned_rate is not None


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({"controls": ["uniform"]}, "/tuned_rate", "add that control"),
        ({"search": RATES}, "/tuned_rate", "search lr themselves"),
        ({"method": 1}, "/tuned_rate", "method 2"),
        ({"samplers": ["gradient"]}, "/tuned_rate", "gradient learns at training.lr"),
        ({"evaluation": {"n_seeds": 2}}, "/tuned_rate/seed", "set evaluation.n_seeds to 0"),
        ({"evaluation": {}}, "/tuned_rate/seed", "set evaluation.n_seeds to 0"),
        ({"controls": ["uniform_tuned", "flat_tuned"]}, "/tuned_rate/seed", "flat_tuned would be"),
        ({"tuned_rate": {"seed": -1}}, "/tuned_rate/seed", "greater than or equal to 0"),
        ({"tuned_rate": {"of": "flat"}}, "/tuned_rate/of", ""),
    ],
)
def test_is_refused_with_the_field_and_the_remedy(
    changes: dict[str, Any], pointer: str, words: str
) -> None:
    with pytest.raises(InvalidSpecError) as error:
        spec_of(**changes)
    found = {fault.pointer: fault.detail for fault in error.value.faults}
    assert words in found[pointer]


def test_a_function_has_none() -> None:
    body = {"name": "f", "task": {"kind": "function", "name": "branin"}, "budget": {"n_trials": 3}}
    with pytest.raises(InvalidSpecError) as error:
        parse.parse(body | {"tuned_rate": {}})
    assert [fault.pointer for fault in error.value.faults] == ["/tuned_rate"]
