"""Tune's ranges as parameters, and what is refused: each by its name and with a remedy."""

from __future__ import annotations

from typing import Any

import pytest
from ray import tune

from densearch.direct_l.parameters import (
    LogParameter,
    LogWholeParameter,
    Parameter,
    RealParameter,
    SteppedParameter,
    UnsearchableParameterError,
)
from densearch.ray_tune.domains import parameters_of


@pytest.mark.parametrize(
    ("domain", "parameter"),
    [
        (tune.uniform(0, 2), RealParameter(0.0, 2.0)),
        (tune.loguniform(1e-4, 1), LogParameter(1e-4, 1.0)),
        (tune.quniform(0.25, 1.0, 0.25), SteppedParameter(0.25, 1.0, 0.25)),
        (tune.randint(1, 5), SteppedParameter(1, 4, 1)),  # Tune excludes the upper bound
        (tune.qrandint(3, 16, 4), SteppedParameter(4, 16, 4)),  # and here it does not
        (tune.qrandint(3, 16, 1), SteppedParameter(3, 15, 1)),
        (tune.lograndint(1, 101), LogWholeParameter(1, 100)),
    ],
)
def test_ranges(domain: Any, parameter: Parameter) -> None:  # noqa: ANN401 - of Ray
    found = parameters_of({"opt": {"x": domain}, "epochs": 3})
    assert found == {"opt/x": parameter}
    drawn = {domain.sample() for _ in range(300)}
    reached = {found["opt/x"].value((i + 0.5) / 300) for i in range(300)}
    if len(drawn) < 20:  # all values that Tune draws, and no others
        assert reached == drawn


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (tune.choice([1, 2]), "is a choice.*tune.randint for their index"),
        (tune.grid_search([1, 2]), "is a grid search.*tune.uniform"),
        (tune.sample_from(lambda _: 1), "no range with two bounds, but a Function.*tune.uniform"),
        (tune.randn(0, 1), "no range with two bounds, but a Float.*tune.uniform"),
        (tune.qloguniform(1e-4, 1, 1e-4), "quantised on a logarithmic axis.*tune.loguniform"),
        (tune.qlograndint(1, 9, 2), "quantised on a logarithmic axis.*tune.lograndint"),
        (tune.uniform(2, 1), "no value between 2.0 and 1.0.*the low one first"),
        (tune.randint(3, 3), "no value between 3 and 2"),
    ],
)
def test_what_is_refused(domain: Any, words: str) -> None:  # noqa: ANN401
    with pytest.raises(UnsearchableParameterError, match=f"parameter 'x' .*{words}") as caught:
        parameters_of({"x": domain})
    assert caught.value.name == "x"
