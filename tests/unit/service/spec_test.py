"""A job's spec: what it refuses, the short forms that it takes, and what follows from its task."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from service.spec import (
    Choices,
    FloatRange,
    IntegerRange,
    JobSpec,
    lower_bound_of,
)

TRAINING = {"kind": "classification", "dataset": "digits"}


def spec_of(**changes: Any) -> JobSpec:
    body: dict[str, Any] = {"name": "a", "task": TRAINING, "budget": {"n_trials": 1}}
    return JobSpec.model_validate(body | changes)


def function(name: str) -> JobSpec:
    return spec_of(task={"kind": "function", "name": name})


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"training": {"learning_rate": 0.1}},
        {"training": {"augmentation": {"rotate": True}}},
        {"budget": {"n_trials": 1, "n_epochs": 2}},
        {"samplers": [{"name": "tpe", "seed": 1}]},
        {"search": {"lr": {"low": 0.1, "high": 1.0, "step": 0.1}}},
    ],
)
def test_a_field_that_does_not_exist_is_refused_in_every_section(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        spec_of(**changes)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_figure_may_be_nan_or_infinite(value: float) -> None:
    for changes in ({"training": {"lr": value}}, {"search": {"lr": {"low": value, "high": 1.0}}}):
        with pytest.raises(ValidationError, match="finite"):
            spec_of(**changes)


@pytest.mark.parametrize("name", ["", " ", "\t", "a\nb", "a\x00", "\x7f", "x" * 201])
def test_a_name_is_one_printable_line(name: str) -> None:
    with pytest.raises(ValidationError):
        spec_of(name=name)


@pytest.mark.parametrize("name", ["x" * 200, "Größe 3x3", "密度", " a "])
def test_a_name_may_have_any_script(name: str) -> None:
    assert spec_of(name=name).name == name


def test_a_name_alone_stands_for_a_section_with_defaults() -> None:
    short = spec_of(samplers=["tpe"], controls=["uniform"])
    assert short == spec_of(samplers=[{"name": "tpe"}], controls=[{"name": "uniform"}])


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"low": 1, "high": 2}, FloatRange),
        ({"low": 1, "high": 2, "integer": True}, IntegerRange),
        ({"choices": [1, "two", True]}, Choices),
    ],
)
def test_the_fields_of_a_range_say_its_kind(given: dict[str, Any], kind: type) -> None:
    found = spec_of(search={"x": given}).search["x"]
    assert type(found) is kind
    assert spec_of(search={"x": found}).search["x"] == found


def test_a_spec_is_stored_without_packages_of_samplers_where_it_has_none() -> None:
    assert "sampler_packages" not in spec_of().model_dump(mode="json")
    kept = {"sampler_packages": {"theirs": "their-package 1.0"}}
    assert spec_of(**kept).model_dump(mode="json")["sampler_packages"] == kept["sampler_packages"]


def test_a_spec_of_the_first_method_is_stored_without_it() -> None:
    assert "method" not in spec_of(method=1).model_dump(mode="json")
    assert "method" not in spec_of().model_dump(mode="json")
    assert spec_of(method=2).model_dump(mode="json")["method"] == 2


def test_losses_and_most_functions_are_never_below_zero() -> None:
    assert [lower_bound_of(spec) for spec in (spec_of(), function("sphere"))] == [0.0, 0.0]
    assert lower_bound_of(function("hartmann6")) is None
