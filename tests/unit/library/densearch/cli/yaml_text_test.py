"""YAML is read as the JSON that a person means; what stands for none is named by its line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import cast

import pytest
import yaml

from densearch.cli.yaml_text import YamlError, load
from tests.support.root import ROOT

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("NO", "NO"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("1e-3", 1e-3),
        ("1E3", 1e3),
        (".5", 0.5),
        ("-1.", -1.0),
        ("+7", 7),
        ("010", 10),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("12:30:45", "12:30:45"),
        ("2026-11-30", "2026-11-30"),
        ("'1'", "1"),
        ('"no"', "no"),
        ("-.inf", -math.inf),
        (".", "."),
        ("[a, {b: 1}]", ["a", {"b": 1}]),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("日本", "日本"),
    ],
)
def test_a_value_is_that_of_json(text: str, value: object) -> None:
    found, places = load(f"x: {text}".encode())
    assert found == {"x": value}
    assert type(cast("dict[str, object]", found)["x"]) is type(value)
    assert places["/x"] == (1, 1)


def test_not_a_number_is_left_to_the_server() -> None:
    value, _ = load(b"x: .nan")
    assert math.isnan(cast("dict[str, float]", value)["x"])


def test_keys_are_names() -> None:
    assert load(b"on: 1\n2: 2\n'<<': 3\n~: 4\n")[0] == {"on": 1, "2": 2, "<<": 3, "~": 4}


def test_places_are_those_of_keys_and_items() -> None:
    _, places = load(b"task:\n  kind: x\nsamplers:\n- tpe\n- {name: y/z, a~b: 1}\n")
    assert places["/task/kind"] == (2, 3)
    assert places["/samplers/0"] == (4, 3)
    assert places["/samplers/1/a~0b"] == (5, 15)


def test_anchors_are_taken() -> None:
    assert load(b"a: &x [1]\nb: *x\n")[0] == {"a": [1], "b": [1]}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3", 3, "'a' appears twice, first in line 1"),
        ("a:\n\tb: 1", 2, "a tab cannot indent YAML"),
        ("a: [1, 2", 1, "expected"),
        ("a: !!python/object/apply:os.system [x]", 1, "has the tag"),
        ("a: !own x", 1, "has the tag"),
        ("a: &x {b: 1}\nc:\n  <<: *x", 3, "merge keys"),
        ("? [a]\n: 1", 1, "a key is a plain word"),
        ("a: 1\n---\nb: 2", 2, "a second document begins"),
        ("a: &x [*x]", 1, "holds itself"),
        ("a: " + "[" * 90 + "]" * 90, 1, "deeper than 64"),
        ("a: *nowhere", 1, "undefined alias"),
        (BOMB, None, "aliases counted each time"),
    ],
)
def test_a_fault_names_its_line(text: str, line: int | None, words: str) -> None:
    with pytest.raises(YamlError, match=words) as found:
        load(text.encode())
    assert line is None or found.value.line == line


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"# nothing\n", "is empty"),
        (b"a: \xff", "UTF-8"),
        (b"a: \x00", "UTF-8"),
        (b"a: 1\n" * 200_001, "at most 1,000,000"),
        (b"[" * 5_000, "deeper|expected"),
    ],
)
def test_what_is_no_yaml_at_all_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(YamlError, match=words):
        load(content)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.json")), ids=lambda p: p.name)
def test_an_example_means_the_same_as_yaml(path: Path) -> None:
    body = json.loads(path.read_text("utf-8"))
    assert load(yaml.safe_dump(body).encode())[0] == body
