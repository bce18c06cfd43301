"""The bootstrap of functions and shifts, against scipy's and against all resamples."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from benchmarks.regret.differences import difference, resampled

ONE_EACH = {
    name: [x] for name, x in zip("abcdefg", (-1.3, -0.4, 0.1, 0.2, 0.9, 1.7, 2.2), strict=True)
}


def test_of_one_shift_each_it_is_the_bootstrap_of_a_median() -> None:
    ours = difference(ONE_EACH, n_resamples=20_000)
    values = [own[0] for own in ONE_EACH.values()]
    theirs = stats.bootstrap(
        (values,), np.median, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert ours.median == 0.2


def test_the_resamples_are_those_of_both_stages() -> None:
    paired = {"a": [0.0, 1.0], "b": [5.0, 9.0]}
    # Every resample of the two functions, and for each place every resample of its two shifts.
    every = [
        np.median([np.median([paired[f][i] for i in s]) for f, s in zip(fs, shifts, strict=True)])
        for fs in product("ab", repeat=2)
        for shifts in product(list(product(range(2), repeat=2)), repeat=2)
    ]
    drawn = resampled(paired, 40_000, np.random.default_rng(0))
    values, counts = np.unique(every, return_counts=True)
    seen = np.array([(drawn == value).mean() for value in values])
    assert seen.sum() == pytest.approx(1.0)
    assert seen == pytest.approx(counts / counts.sum(), abs=0.01)


def test_order_changes_nothing() -> None:
    random = np.random.default_rng(2)
    paired = {
        name: random.normal(size=n).tolist() for name, n in zip("abc", (1, 4, 6), strict=True)
    }
    turned = {name: own[::-1] for name, own in reversed(paired.items())}
    assert difference(paired, n_resamples=50) == difference(turned, n_resamples=50)


def test_many_shifts_of_few_functions_are_no_further_functions() -> None:
    """Two functions that disagree stay open, however often each is moved."""
    random = np.random.default_rng(0)
    paired = {"a": random.normal(-1, 0.1, 500).tolist(), "b": random.normal(1, 0.1, 500).tolist()}
    found = difference(paired)
    assert found.low < -0.9 < 0.9 < found.high
    assert (found.n_functions, found.n_pairs, found.is_shown) == (2, 1000, False)
