"""Optuna's distributions as parameters, and the name of a search space."""

from __future__ import annotations

import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from densearch.direct_l.parameters import (
    LogParameter,
    LogWholeParameter,
    Parameter,
    RealParameter,
    SteppedParameter,
)
from densearch.optuna.distributions import digest_of, is_searchable, parameter_of


@pytest.mark.parametrize(
    ("distribution", "parameter"),
    [
        (FloatDistribution(0, 2), RealParameter(0.0, 2.0)),
        (FloatDistribution(1e-4, 1, log=True), LogParameter(1e-4, 1.0)),
        (FloatDistribution(0, 1, step=0.25), SteppedParameter(0.0, 1.0, 0.25)),
        (IntDistribution(1, 9, step=4), SteppedParameter(1, 9, 4)),
        (IntDistribution(1, 100, log=True), LogWholeParameter(1, 100)),
    ],
)
def test_every_value_is_one_of_the_distribution(
    distribution: BaseDistribution, parameter: Parameter
) -> None:
    assert parameter_of("x", distribution) == parameter
    for u in (0.0, 1 / 6, 0.5, 5 / 6, 1.0):
        value = parameter.value(u)
        assert distribution._contains(distribution.to_internal_repr(value))


def test_what_has_one_value_or_no_order_is_not_searched() -> None:
    assert is_searchable(FloatDistribution(0, 1))
    assert not is_searchable(IntDistribution(3, 3))
    assert not is_searchable(CategoricalDistribution([1, 2]))


def test_a_space_is_named_by_what_is_in_it_and_not_by_its_order() -> None:
    one, two = FloatDistribution(0, 1), FloatDistribution(0, 2)
    assert digest_of({"a": one, "b": two}) == digest_of({"b": two, "a": one})
    assert digest_of({"a": one, "b": two}) != digest_of({"a": two, "b": one})
