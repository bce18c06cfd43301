"""Functions: which there are, in which dimensions, and a job to start from."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.optimize import minimize

from service.errors import InvalidSpecError
from service.tasks.function import INFO, MINIMA, FunctionName, FunctionTask
from service.validation import parse
from workers.functions import FUNCTIONS


def function(**given: Any) -> FunctionTask:
    return FunctionTask.model_validate({"kind": "function", "name": "sphere", **given})


def test_workers_evaluate_every_function_that_a_spec_may_name() -> None:
    assert set(get_args(FunctionName)) == set(FUNCTIONS)


@pytest.mark.parametrize("name", get_args(FunctionName))
def test_a_spec_is_accepted_in_the_dimensions_that_workers_evaluate(name: str) -> None:
    for dimension in (1, 2, 3, 6, 64):
        task = {"kind": "function", "name": name, "dimension": dimension}
        body = {"name": "n", "task": task, "samplers": ["random"], "budget": {"n_trials": 3}}
        try:
            parse.parse(body)
            is_accepted = True
        except InvalidSpecError:
            is_accepted = False
        assert is_accepted is (dimension in FUNCTIONS[name].dimensions), dimension


@pytest.mark.parametrize(
    "given",
    [
        {"dimension": 0},
        {"dimension": 65},
        {"sleep_s": -1.0},
        {"sleep_s": 3601.0},
        {"name": "cube"},
    ],
)
def test_what_is_out_of_range_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        function(**given)


def test_its_example_is_a_job_that_trains_nothing() -> None:
    assert INFO.example is not None
    _, body = INFO.example
    assert isinstance(parse.parse(dict(body)).task, FunctionTask)
    assert INFO.answer is None


@pytest.mark.parametrize("name", get_args(FunctionName))
def test_the_minimum_is_the_published_one_and_no_descent_goes_below_it(name: str) -> None:
    function = FUNCTIONS[name]
    assert MINIMA[name] == pytest.approx(function.minimum, rel=1e-5)
    start = np.array(function.minimiser(function.dimensions[-1] if name != "branin" else 2)[:6])
    found = minimize(lambda x: function.evaluate(np.clip(x, 0, 1)), start, method="Nelder-Mead")
    assert found.fun >= MINIMA[name] - 1e-12
    assert found.fun == pytest.approx(MINIMA[name], abs=1e-6)
