"""The campaign's comparison of results finds every difference, exactly."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.chaos.results import differences, plain, without_chance

RESULT: dict[str, Any] = {
    "state": "SUCCEEDED",
    "trials": {"tpe search 0": {"point": [0.25, 0.1 + 0.2], "value": 1.5, "is_diverged": False}},
    "densities": [{"phi": [[1.0, 2.0], [3.0, 4.0]]}],
    "report": {"verdict": "better", "arms": [{"name": "tpe", "test": {"losses": [0.1, 0.2]}}]},
}


def changed(path: tuple[Any, ...], value: object) -> dict[str, Any]:
    result = copy.deepcopy(RESULT)
    at: Any = result
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return result


def test_equal_results_have_no_differences() -> None:
    assert list(differences(RESULT, plain(RESULT))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("state",), "FAILED"),
        (("trials", "tpe search 0", "point", 1), 0.3),  # the last bit
        (("trials", "tpe search 0", "value"), None),
        (("trials", "tpe search 0", "is_diverged"), 0),  # another type
        (("trials", "tpe search 1"), {}),  # a trial too many
        (("densities", 0, "phi", 1, 0), 3.1),
        (("densities",), []),
        (("report", "arms", 0, "test", "losses"), [0.1]),
        (("report", "verdict"), "worse"),
    ],
)
def test_any_change_is_found_and_named(path: tuple[Any, ...], value: object) -> None:
    (line,) = differences(RESULT, changed(path, value))
    assert line.startswith("/" + "/".join(str(key) for key in path))
    assert list(differences(changed(path, value), RESULT))


def test_only_times_and_row_numbers_are_left_out() -> None:
    arms = [{"trial_id": 7, "training_s": 1.5, "losses": [1.0]}]
    search = {"n_trainings": 4, "core_s": 6.0}
    report = {"arms": arms, "decision": {"search": search}, "timing": {}}
    expected = {"arms": [{"losses": [1.0]}], "decision": {"search": {"n_trainings": 4}}}
    assert without_chance(report) == expected
