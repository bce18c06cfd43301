"""Looks and margins: what is filled in, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import InvalidSpecError
from service.spec import JobSpec
from service.validation import parse
from tests.support.report_records import BODY

FUNCTION = {
    "name": "n",
    "task": {"kind": "function", "name": "branin"},
    "budget": {"n_trials": 3},
}


def spec_of(evaluation: dict[str, Any] | None, **changes: Any) -> JobSpec:
    body = {name: value for name, value in BODY.items() if name != "evaluation"}
    return parse.parse(body | changes | ({"evaluation": evaluation} if evaluation else {}))


def faults_of(evaluation: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidSpecError) as error:
        spec_of(evaluation)
    return {fault.pointer: fault.detail for fault in error.value.faults}


def test_a_silent_submission_has_planned_looks() -> None:
    found = spec_of(None).evaluation
    assert (found.looks, found.n_seeds, found.margin_percent) == ([5, 10, 20], 20, 1.0)


def test_a_number_of_seeds_is_one_look() -> None:
    found = spec_of({"n_seeds": 4}).evaluation
    assert (found.looks, found.n_seeds) == (None, 4)


def test_looks_say_how_many_seeds_there_are() -> None:
    assert spec_of({"looks": [3, 6]}).evaluation.n_seeds == 6
    assert spec_of({"looks": [3, 6], "n_seeds": 6}).evaluation.n_seeds == 6
    assert spec_of({"looks": [7]}).evaluation.n_seeds == 7


def test_a_filled_spec_stays_as_it_is() -> None:
    for evaluation in (None, {"looks": [3, 6]}, {"n_seeds": 2}):
        once = spec_of(evaluation)
        assert parse.parse(once.model_dump(mode="json")) == once


def test_a_stored_spec_keeps_the_seeds_that_it_had() -> None:
    """Specs of earlier versions have neither a method nor looks: nothing is added to them."""
    body = {name: value for name, value in BODY.items() if name != "evaluation"}
    spec = parse.stored(body)
    assert (spec.evaluation.looks, spec.evaluation.n_seeds) == (None, 3)
    assert spec.model_dump(mode="json")["evaluation"] == {"n_seeds": 3}


def test_a_function_is_evaluated_once_or_not() -> None:
    assert parse.parse(FUNCTION).evaluation.n_seeds == 0
    assert parse.parse(FUNCTION).evaluation.looks is None
    assert parse.parse({**FUNCTION, "evaluation": {"looks": [2, 4]}}).evaluation.n_seeds == 4


@pytest.mark.parametrize(
    ("evaluation", "pointer"),
    [
        ({"looks": [10, 5]}, "/evaluation/looks/1"),
        ({"looks": [5, 5]}, "/evaluation/looks/1"),
        ({"looks": []}, "/evaluation/looks"),
        ({"looks": [1, 5]}, "/evaluation/looks/0"),
        ({"looks": [5, 101]}, "/evaluation/looks/1"),
        ({"looks": [5.5]}, "/evaluation/looks/0"),
        ({"looks": list(range(2, 20))}, "/evaluation/looks"),
        ({"looks": [5, 10], "n_seeds": 5}, "/evaluation/n_seeds"),
        ({"margin_percent": 0}, "/evaluation/margin_percent"),
        ({"margin_percent": 100}, "/evaluation/margin_percent"),
        ({"margin_percent": "nan"}, "/evaluation/margin_percent"),
    ],
)
def test_what_cannot_be_planned_is_refused(evaluation: dict[str, Any], pointer: str) -> None:
    assert pointer in faults_of(evaluation)


def test_all_faults_come_at_once() -> None:
    assert set(faults_of({"looks": [9, 5, 4], "margin_percent": -1})) >= {
        "/evaluation/margin_percent"
    }
    assert set(faults_of({"looks": [9, 5, 4]})) == {"/evaluation/looks/1", "/evaluation/looks/2"}
