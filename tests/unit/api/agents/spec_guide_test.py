"""What agents read about specs: examples that are valid, schemas that stand alone."""

from __future__ import annotations

import json

import pytest

from api.agents import spec_guide
from api.agents.bounded import MOST_CHARS
from service.costs.prices import UNPRICED
from service.jobs.commands import faults_of
from service.validation import parse


@pytest.mark.parametrize("purpose", spec_guide.EXAMPLES)
def test_an_example_is_a_valid_spec(purpose: str) -> None:
    assert not faults_of(parse.parse(spec_guide.EXAMPLES[purpose]), UNPRICED)


def test_the_overview_fits_and_has_a_line_for_each_field() -> None:
    found = spec_guide.guide()
    assert set(found["fields"]) == set(spec_guide.schema()["properties"])
    assert all(found["fields"].values())
    assert len(json.dumps(found)) < MOST_CHARS


@pytest.mark.parametrize(
    "section", ["task", "network", "training", "budget", "samplers", "search"]
)
def test_the_schema_of_a_section_has_every_definition_that_it_names(section: str) -> None:
    found = spec_guide.guide(section)
    named = set(json.dumps(found).split('"#/$defs/')[1:])
    assert {name.partition('"')[0] for name in named} == set(found.get("$defs", {}))
    assert len(json.dumps(found)) < MOST_CHARS


def test_a_field_that_there_is_not_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no field 'trainning': choose from .*training"):
        spec_guide.guide("trainning")
