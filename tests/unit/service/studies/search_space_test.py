from __future__ import annotations

import math
from collections import Counter

import pytest

from service.studies.search_space import CategoryAxis, FloatAxis, IntegerAxis, Space


def test_a_linear_axis_meets_its_ends_exactly() -> None:
    axis = FloatAxis("lr", 0.1, 0.7)
    assert [axis.value(u) for u in (0.0, 1.0)] == [0.1, 0.7]
    assert axis.value(0.5) == pytest.approx(0.4)


def test_a_logarithmic_axis_has_the_geometric_mean_in_the_middle() -> None:
    axis = FloatAxis("lr", 1e-4, 1.0, is_log=True)
    assert axis.value(0.5) == pytest.approx(math.sqrt(1e-4 * 1.0))
    assert [axis.value(u) for u in (0.0, 1.0)] == [1e-4, 1.0]


def test_every_integer_has_an_equal_share() -> None:
    axis = IntegerAxis("epochs", 2, 5)
    shares = Counter(axis.value((i + 0.5) / 4000) for i in range(4000))
    assert shares == {2: 1000, 3: 1000, 4: 1000, 5: 1000}
    assert (axis.value(0.0), axis.value(1.0)) == (2, 5)


def test_integers_on_a_logarithmic_axis_share_by_their_logarithm() -> None:
    axis = IntegerAxis("batch_size", 1, 100, is_log=True)
    shares = Counter(axis.value((i + 0.5) / 10_000) for i in range(10_000))
    width = math.log(100.5 / 0.5)
    assert shares[1] / 10_000 == pytest.approx(math.log(1.5 / 0.5) / width, abs=1e-3)
    assert shares[10] / 10_000 == pytest.approx(math.log(10.5 / 9.5) / width, abs=1e-3)
    assert set(shares) == set(range(1, 101))


def test_choices_have_equal_shares() -> None:
    axis = CategoryAxis("nesterov", (True, False))
    assert [axis.value(u) for u in (0.0, 0.49, 0.5, 1.0)] == [True, True, False, False]


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.003, 1e-4, 0.0123456789])
def test_the_middle_of_a_rounded_range_is_the_rate_that_it_was_built_around(rate: float) -> None:
    axis = FloatAxis("lr", rate / 8.0, rate * 8.0, is_log=True, is_rounded=True)
    assert axis.value(0.5) == rate
    assert (axis.value(0.0), axis.value(1.0)) == (rate / 8.0, rate * 8.0)


def test_rounded_values_stay_inside_and_others_are_as_before() -> None:
    narrow = FloatAxis("den", 1.0 + 1e-14, 1.0 + 3e-14, is_rounded=True)
    assert narrow.low <= narrow.value(0.5) <= narrow.high
    assert FloatAxis("den", 0.0, 2.0, is_rounded=True).value(1 / 6) == 0.333333333333
    assert FloatAxis("den", 0.0, 2.0).value(1 / 6) == 1 / 6 * 2.0
    assert FloatAxis("lr", 0.00625, 0.4, is_log=True).value(0.5) != 0.05


def test_a_point_is_split_in_the_order_of_the_axes() -> None:
    space = Space((FloatAxis("den[0]", 0.0, 2.0),), (IntegerAxis("epochs", 1, 10),))
    assert space.dimension == 2
    assert space.split([0.25, 0.95]) == ((0.5,), {"epochs": 10})
    with pytest.raises(ValueError, match="shorter"):
        space.split([0.25])
