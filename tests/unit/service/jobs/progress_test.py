"""The time left, from what the last trainings took; which arm is the best so far."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from service.jobs.progress import eta_s, lowest
from service.records import Job, Study
from service.states import Role


def test_nothing_is_known_before_the_first_training() -> None:
    assert eta_s(5, [], 2) is None


def test_what_is_left_is_shared_by_what_runs_at_once() -> None:
    assert eta_s(12, [4.0, 6.0], 2) == pytest.approx(30.0)
    assert eta_s(12, [4.0, 6.0], 4) == pytest.approx(15.0)


def test_between_two_rounds_one_runs_at_least() -> None:
    assert eta_s(3, [2.0], 0) == pytest.approx(6.0)


def test_nothing_left_takes_no_time() -> None:
    assert eta_s(0, [1.0], 1) == 0.0


def study(name: str, value: float | None, role: Role = Role.SEARCH, **fields: Any) -> Study:
    known = {"is_finished": True, "chosen_from": None, "place": 0} | fields
    return cast("Study", SimpleNamespace(name=name, best_value=value, role=role, **known))


def job(**spec: Any) -> Job:
    return cast("Job", SimpleNamespace(spec=spec))


@pytest.mark.parametrize(
    ("studies", "spec", "name"),
    [
        ([study("tpe", None), study("uniform", 0.5, Role.CONTROL)], {}, None),
        ([study("tpe", 0.4), study("uniform", 0.5, Role.CONTROL)], {}, "tpe"),
        # A control may be the best; what was run ahead is no arm of its own.
        ([study("tpe", 0.4), study("uniform_tuned", 0.3, Role.TUNED)], {}, "uniform_tuned"),
        ([study("tpe", 0.4), study("ahead", 0.3, Role.SPECULATION)], {}, "tpe"),
        # A training that represents two arms is its owner's.
        (
            [study("tpe", 0.3, chosen_from="flat"), study("flat", 0.3, Role.CONTROL, place=1)],
            {},
            "flat",
        ),
        # Of a short search, full trainings are not compared with short ones.
        (
            [study("tpe", 0.4, is_finished=False), study("uniform", 0.3, Role.CONTROL)],
            {"fidelity": {}},
            "tpe",
        ),
        (
            [study("tpe", 0.4), study("flat_tuned", 0.3, Role.TUNED, is_finished=False)],
            {"fidelity": {}},
            "tpe",
        ),
        ([study("tpe", 0.4), study("uniform", 0.3, Role.CONTROL)], {"fidelity": {}}, "uniform"),
    ],
)
def test_the_lowest_of_searches_and_controls(
    studies: list[Study], spec: dict[str, Any], name: str | None
) -> None:
    found = lowest(job(**spec), studies)
    assert (found.name if found else None) == name
