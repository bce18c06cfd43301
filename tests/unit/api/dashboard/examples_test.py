"""Every job to start from is a valid one, and those that are files too are what the files say."""

from __future__ import annotations

import json

import pytest

from api.dashboard.examples import EXAMPLES, Example
from service.validation import parse
from tests.support.root import ROOT

FILES = ROOT / "examples"
BY_NAME = {example.name: example for example in EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES, ids=BY_NAME)
def test_it_is_accepted(example: Example) -> None:
    spec = parse.parse(json.loads(example.text))
    assert spec.name == example.spec["name"]
    assert spec.samplers


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("photos", "photos.json"),
        ("digits", "digits.json"),
        ("signals", "signals.json"),
        ("multilabel", "multilabel.json"),
        ("function", "function.json"),
        ("authors", "authors.json"),
    ],
)
def test_it_is_the_file_of_the_command_line(name: str, file: str) -> None:
    assert json.loads(BY_NAME[name].text) == json.loads((FILES / file).read_text("utf-8"))


def test_they_show_what_they_promise() -> None:
    layers, limit = (parse.parse(dict(BY_NAME[name].spec)) for name in ("layers", "limit"))
    assert layers.density is not None
    assert layers.density.scope == "layer"
    assert limit.budget.wall_clock_s == 600
    assert limit.pruning is not None
