"""The direction of values in a database of Optuna; whole files are opened in exports_test.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.data_out.optuna_file import _as_reported


@pytest.mark.parametrize(
    ("task", "value", "curve"),
    [
        ({"kind": "external", "direction": "maximize"}, 0.75, [0.5, 0.75]),
        ({"kind": "external", "direction": "minimize"}, -0.75, [-0.5, -0.75]),
        ({"kind": "classification"}, -0.75, [-0.5, -0.75]),
    ],
)
def test_a_maximised_value_is_as_it_was_reported(
    task: dict[str, str], value: float, curve: list[float]
) -> None:
    job: Any = SimpleNamespace(spec={"task": task})
    trial = cast("Any", {"id": 1, "value": -0.75, "curve": [-0.5, -0.75]})
    assert _as_reported(trial, job) == {"id": 1, "value": value, "curve": curve}
    none = cast("Any", {"id": 1, "value": None, "curve": None})
    assert _as_reported(none, job) == none
