"""What users are told of options: as published by the version before they were sections."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import Field, model_validator

from densearch.plugins.options import SamplerOptions
from service import samplers
from service.samplers.catalogue.option_faults import faults_of, schema_of
from tests.support.root import ROOT

PUBLISHED: dict[str, Any] = json.loads(
    (ROOT / "tests" / "assets" / "samplers" / "published.json").read_text()
)


def test_samplers_are_described_as_they_were() -> None:
    for info, before in zip(samplers.catalogue(), PUBLISHED["samplers"], strict=True):
        told: dict[str, Any] = info.to_dict()
        told["capabilities"] = {k: told["capabilities"][k] for k in before["capabilities"]}
        assert {k: told[k] for k in before} == before


@pytest.mark.parametrize("name", PUBLISHED["faults"])
def test_bad_options_are_refused_in_the_words_of_before(name: str) -> None:
    info = samplers.describe(name)
    for option, faults in PUBLISHED["faults"][name].items():
        for value, fault in zip(PUBLISHED["values"], faults, strict=True):
            found = list(info.option_faults({option: value}))
            assert found == ([] if fault is None else [(option, fault)]), value


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (10**400, "must be from 0 to 1000"),
        (float("nan"), "must be from 0 to 1000"),
        (float("-inf"), "must be from 0 to 1000"),
        (b"1", "must be a number"),
    ],
)
def test_values_that_json_does_not_have(value: object, fault: str) -> None:
    found = list(samplers.describe("gradient").option_faults({"lr_factor": value}))
    assert found == [("lr_factor", fault)]


def test_a_list_is_not_too_long() -> None:
    info = samplers.describe("gradient")
    assert list(info.option_faults({"start": [1] * 4096})) == []
    (fault,) = info.option_faults({"start": ["x"] * 4097})
    assert fault == ("start", "must have at most 4096 values")


def test_each_option_has_one_fault_in_the_order_given() -> None:
    given = {"scope": 1, "nothing": 1, "lr_factor": -1, "start": ["a", "b"]}
    found = list(samplers.describe("gradient").option_faults(given))
    assert [option for option, _ in found] == list(given)


class Nested(SamplerOptions):
    """Options that no built-in sampler has."""

    low: int = Field(default=1, ge=1)
    high: int = Field(default=5, ge=1)
    names: list[str] = Field(default_factory=list)
    either: int | str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Nested:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


@pytest.mark.parametrize(
    ("given", "option", "words"),
    [
        ({"low": 0}, "low", "greater than or equal to 1"),
        ({"low": 7}, None, "low is above high"),
        ({"names": "a"}, "names", "valid list"),
        ({"names": ["a", 2]}, "names", "value 1: Input should be a valid string"),
        ({"either": 1.5}, "either", "int: Input should be a valid integer"),
        ({"either": None}, "either", "must not be null: leave it out"),
    ],
)
def test_faults_of_other_kinds_are_told_too(
    given: dict[str, object], option: str | None, words: str
) -> None:
    ((at, told),) = faults_of("nested", Nested, given)
    assert at == option
    assert words in told


def test_a_schema_has_neither_nulls_nor_titles() -> None:
    properties = schema_of(Nested)["properties"]
    assert properties["low"] == {"default": 1, "minimum": 1, "type": "integer"}
    assert properties["either"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
