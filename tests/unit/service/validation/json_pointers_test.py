"""Places of errors become JSON pointers into what the user sent (RFC 6901)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from service.errors import Fault, InvalidSpecError
from service.spec import Budget, Evaluation
from service.tasks.external import ExternalTask
from service.validation.json_pointers import escape, first_faults
from service.validation.parse import parse
from service.webhooks.request import WebhookSpec
from tests.support.specs import changed


# The examples of RFC 6901, section 5.
@pytest.mark.parametrize(
    ("key", "part"), [("a/b", "a~1b"), ("m~n", "m~0n"), ("c%d", "c%d"), ("", ""), (0, "0")]
)
def test_keys_are_escaped_as_the_rfc_says(key: str | int, part: str) -> None:
    assert escape(key) == part


def _pointer_of(location: tuple[int | str, ...], body: object, lacking: object) -> str:
    """Return the pointer of a field that is missing in `lacking`, a part of the body."""
    error = {"type": "missing", "loc": location, "msg": "", "input": lacking}
    (fault,), _ = first_faults([error], body)
    return fault.pointer


def test_the_tag_of_a_union_is_not_part_of_the_pointer() -> None:
    body = {"task": {"kind": "denoising", "patch_px": 1}}
    place = ("task", "denoising", "patch_px")
    assert _pointer_of(place, body, body["task"]) == "/task/patch_px"


@pytest.mark.parametrize(
    ("pruning", "pointer"),
    [
        ({"median": {"after": 2}}, "/pruning/median"),
        ({"median": 3}, "/pruning/median"),
        ({"rule": "median", "median": {"median": {}}}, "/pruning/median"),
        ({"median": 0, "warmup_epochs": 0}, "/pruning/median /pruning/warmup_epochs"),
        ({"rule": "halving", "halving": 1, "eta": 1}, "/pruning/eta /pruning/halving"),
        ({"halving": {"rule": "halving"}}, "/pruning/halving"),
    ],
)
def test_a_key_with_the_name_of_a_tag_is_pointed_at(pruning: object, pointer: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        parse(changed("/pruning", pruning))
    assert " ".join(sorted(fault.pointer for fault in caught.value.faults)) == pointer


def test_a_field_that_is_missing_next_to_such_a_key_is_named() -> None:
    task = {"kind": "function", "function": {"name": "sphere"}}
    with pytest.raises(InvalidSpecError) as caught:
        parse(changed("/task", task))
    pointers = [fault.pointer for fault in caught.value.faults]
    assert {"/task/name", "/task/function"} <= set(pointers)
    assert "/task/function/name" not in pointers


def test_a_missing_field_is_named() -> None:
    assert _pointer_of(("budget", "n_trials"), {"budget": {}}, {}) == "/budget/n_trials"
    assert _pointer_of(("name",), {}, {}) == "/name"


def test_the_whole_body_is_the_empty_pointer() -> None:
    assert _pointer_of((), [1], [1]) == ""


def test_one_fault_for_each_place_and_of_very_many_the_first() -> None:
    unknown: list[dict[str, Any]] = [
        {"type": "extra_forbidden", "loc": (f"k{i}",), "msg": "", "input": 1} for i in range(250)
    ]
    found, n_faults = first_faults([*unknown, *unknown], {f"k{i}": 1 for i in range(250)})
    assert [fault.pointer for fault in found] == [f"/k{i}" for i in range(100)]
    assert n_faults == 250
    error = InvalidSpecError(found, n_faults)
    assert str(error).endswith("; and 150 more")


@pytest.mark.parametrize(
    ("model", "body", "words"),
    [
        (WebhookSpec, {"id": "a b", "url": "https://x"}, "letters, digits and hyphens"),
        (ExternalTask, {"kind": "external", "metric": "5-top"}, "begin with a letter"),
        (
            ExternalTask,
            {"kind": "external", "metric": "m", "layers": {"a b": 3}},
            "parts divided by dots",
        ),
    ],
)
def test_a_name_that_does_not_fit_is_said_what_fits(
    model: type[BaseModel], body: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(body)
    (fault,), _ = first_faults(refused.value.errors(include_url=False), body)
    assert words in fault.detail


@pytest.mark.parametrize(
    ("pointer", "value", "words"),
    [
        ("n_trials", 0, "must be greater than or equal to 1"),
        ("n_trials", 1.5, "must be a valid integer"),
        ("n_trials", "a", "must be a valid integer"),
        ("cost", "a", "must be a valid number"),
        ("looks", [], "must have at least 1 item"),
        ("looks", list(range(2, 14)), "must have at most 10 items"),
    ],
)
def test_what_is_refused_is_said_of_the_field(pointer: str, value: Any, words: str) -> None:  # noqa: ANN401 - JSON
    model = Evaluation if pointer == "looks" else Budget
    body = {"n_trials": 1, pointer: value} if model is Budget else {pointer: value}
    with pytest.raises(ValidationError) as refused:
        model.model_validate(body)
    (fault,), _ = first_faults(refused.value.errors(include_url=False), body)
    assert fault == Fault(f"/{pointer}", words)
