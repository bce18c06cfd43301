"""Sent forms become the JSON that they were made of; what is hostile becomes a refusal."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import Request

from api.dashboard.examples import EXAMPLES, Example
from api.dashboard.forms import sent
from api.dashboard.forms.fields import Control, FormChoice, FormField
from api.dashboard.forms.spec_form import spec_form
from api.problems.handlers import ProblemError
from service.validation import parse


def read(body: bytes, kind: str = sent.FORM) -> sent.SentForm:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    headers = [(b"content-type", kind.encode())]
    request = Request({"type": "http", "headers": headers}, receive)
    return asyncio.run(sent.sent_form(request))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_form_that_is_sent_as_it_came_is_the_same_job(example: Example) -> None:
    fields = list(spec_form(example.spec).fields)
    pairs = {one.pointer: one.value for one in fields if one.control != "box" or one.is_on}
    form = read(urlencode(pairs).encode())
    values = sent.compact(form.values)
    known = list(spec_form(sent.as_texts(values)).fields)
    value, faults = sent.decoded(values, known)
    assert faults == []
    assert parse.parse(value) == parse.parse(dict(example.spec))


def test_rows_close_up_and_what_a_kind_leaves_behind_is_dropped() -> None:
    values = {
        "/samplers/7/name": "tpe",
        "/samplers/2/name": "",
        "/samplers/10/name": "random",
        "/samplers/10/batch_size": "2",
        "/network/kind": "",
        "/network/depth": "3",
    }
    assert sent.compact(values) == {
        "/samplers/0/name": "tpe",
        "/samplers/1/name": "random",
        "/samplers/1/batch_size": "2",
    }


def test_an_empty_list_and_an_empty_object_are_sent_by_their_boxes() -> None:
    assert sent.as_texts({"/controls": "[]", "/tuned_rate": "{}"}) == {
        "controls": [],
        "tuned_rate": {},
    }
    filled = {"/controls": "[]", "/controls/0/name": "flat", "/tuned_rate": "{}"}
    assert sent.as_texts(filled) == {"controls": [{"name": "flat"}], "tuned_rate": {}}


@pytest.mark.parametrize(
    ("control", "text", "wanted"),
    [
        ("number", " 1e-3 ", 0.001),
        ("number", "12", 12),
        ("number", "0x10", "0x10"),
        ("number", "NaN", "NaN"),
        ("number", "9" * 5000, "9" * 5000),
        ("mixed", "auto", "auto"),
        ("mixed", "4", 4),
        ("text", "12", "12"),
        ("json", '[1, {"a": null}]', [1, {"a": None}]),
        ("choice", "true", True),
        ("choice", "perhaps", "perhaps"),
    ],
)
def test_a_text_becomes_the_value_of_its_control(
    control: Control, text: str, wanted: object
) -> None:
    field = FormField("/x", "X", control, choices=[FormChoice("true", "true", "yes")])
    assert sent.decoded({"/x": text}, [field]) == ({"x": wanted}, [])


def test_what_is_no_json_is_a_fault_and_stays() -> None:
    value, faults = sent.decoded({"/x": "[1,"}, [FormField("/x", "X", "json")])
    assert value == {"x": "[1,"}
    assert [fault.pointer for fault in faults] == ["/x"]


def test_made_up_names_are_values_that_nobody_knows() -> None:
    values = {"/__proto__/x": "1", "/a~1b": "two", "/task/0": "3", "/task/kind": "function"}
    value, _ = sent.decoded(values, [])
    assert value == {"__proto__": {"x": 1}, "a/b": "two", "task": {"0": 3, "kind": "function"}}


@pytest.mark.parametrize(
    ("body", "kind", "slug"),
    [
        (b"a=1", "text/plain", "unsupported-media-type"),
        (b"a=%ff", sent.FORM, "bad-request"),
        ("a=\u00e9".encode(), sent.FORM, "bad-request"),
        (b"&".join(b"/a%d=1" % i for i in range(6000)), sent.FORM, "bad-request"),
        (urlencode({"/a" * 5000: "1"}).encode(), sent.FORM, "bad-request"),
        (b"/name=a&/name=b", sent.FORM, "bad-request"),
    ],
    ids=["type", "no UTF-8", "not encoded", "many fields", "deep", "twice"],
)
def test_hostile_bodies_are_refused(body: bytes, kind: str, slug: str) -> None:
    with pytest.raises(ProblemError) as caught:
        read(body, kind)
    assert caught.value.problem.slug == slug


def test_a_form_is_json_after_all() -> None:
    form = read(b"key=a-1&/name=%F0%9F%98%80+%3Cb%3E&/seed=")
    assert form.others == {"key": "a-1"}
    assert json.dumps(sent.as_texts(form.values)) == json.dumps({"name": "\U0001f600 <b>"})
