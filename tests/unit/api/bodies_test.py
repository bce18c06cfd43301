"""Bytes become JSON values, or a refusal that says where."""

from __future__ import annotations

import json
import math

import pytest

from api.bodies import decode_json
from api.problems.handlers import ProblemError


def test_what_json_says_is_what_comes_out() -> None:
    value = {"a": [1, 2.5, None, True, "é𝄞"], "b/c": {"d~e": {}}}
    assert decode_json(json.dumps(value).encode()) == value
    assert decode_json(json.dumps(value, ensure_ascii=False).encode()) == value


def test_nan_is_left_to_the_spec_which_knows_its_place() -> None:
    found = decode_json(b'{"lr": NaN}')
    assert isinstance(found, dict)
    assert math.isnan(found["lr"])


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (b"", [""]),
        (b"{", [""]),
        (b'{"a": 1} {', [""]),
        (b"\xff\xfe{}", [""]),
        (b'"\xed\xa0\x80"', [""]),  # a surrogate, encoded as if it were a character
        (b"[" * 100_000, [""]),
        (b'{"n": 1' + b"0" * 5000 + b"}", [""]),
        (b'{"a": 1, "a": 2}', ["/a"]),
        (b'{"x": [{"a/b": 1, "a/b": 1, "a/b": 1}]}', ["/x/0/a~1b"]),
        (b'{"x": {"b": "\\ud800"}}', ["/x/b"]),
        (b'{"x": {"\\udfff": 1}}', ["/x"]),
        (b'["\\ud83d\\ud83d", "fine \\ud83d\\ude00"]', ["/0"]),
        (b"[" * 80 + b"]" * 80, ["/0" * 65]),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(body: bytes, pointers: list[str]) -> None:
    with pytest.raises(ProblemError) as caught:
        decode_json(body)
    assert caught.value.problem.status == 400
    assert [fault.pointer for fault in caught.value.faults] == pointers


def test_of_many_faults_the_first_are_named_and_all_are_counted() -> None:
    halves = "[" + ", ".join(['"\\ud800"'] * 150) + "]"
    with pytest.raises(ProblemError) as caught:
        decode_json(halves.encode())
    assert [fault.pointer for fault in caught.value.faults] == [f"/{i}" for i in range(100)]
    assert caught.value.n_faults == 150


def test_keys_that_come_twice_are_named_in_the_order_of_the_body() -> None:
    keys = [f"k{i}" for i in range(5_000)]
    twice = "{" + ", ".join(f'"{key}": 1, "{key}": 2' for key in keys) + "}"
    with pytest.raises(ProblemError) as caught:
        decode_json(twice.encode())
    assert [fault.pointer for fault in caught.value.faults] == [f"/{key}" for key in keys[:100]]
    assert caught.value.n_faults == 5_000


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("{" + ", ".join(f'"{i}": 1' for i in range(20_001)) + "}", "20,000 members"),
        ("[" + ", ".join(["[]"] * 50_000) + "]", "50,000 lists"),
        ('{"a": {"' + "k" * 501 + '": 1}}', "501 characters"),
    ],
)
def test_a_body_larger_than_any_use_is_refused_in_words(body: str, hint: str) -> None:
    with pytest.raises(ProblemError) as caught:
        decode_json(body.encode())
    assert caught.value.problem.status == 400
    assert hint in caught.value.detail


def test_a_pointer_below_long_keys_leads_to_what_holds_them() -> None:
    long = "k" * 400
    body = json.dumps({"a": {long: {long: {"b": ["\ud800"]}}}})
    with pytest.raises(ProblemError) as caught:
        decode_json(body.encode())
    assert [fault.pointer for fault in caught.value.faults] == [f"/a/{long}"]
