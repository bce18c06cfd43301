"""Random signs: the error rate against enumeration of all of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from api.evidence.sign_flips import flipped
from tests.support.evidence import cell

OURS = np.array([0.91, 1.12, 0.97, 0.84, 1.31, 0.66])
THEIRS = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0])


def test_the_rate_is_that_of_all_signs() -> None:
    found = flipped([cell({"a": OURS.tolist(), "b": THEIRS.tolist()})])
    assert found is not None
    signs = np.array(list(product((-1.0, 1.0), repeat=6)))
    exact = float(np.mean(stats.ttest_1samp(signs * np.log(OURS), 0.0, axis=1).pvalue < 0.05))
    assert found.rate == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 10_000) ** 0.5)
    assert found.n_pairs == 1


def test_it_is_near_the_level_on_differences_of_any_size() -> None:
    random = np.random.default_rng(0)
    losses = {name: np.exp(random.normal(k, 0.1, 10)).tolist() for k, name in enumerate("abcd")}
    found = flipped([cell(losses)], 2_000)
    assert found is not None
    assert found.n_pairs == 6
    assert 0.03 < found.rate < 0.07


def test_pairs_without_a_difference_or_with_few_seeds_are_left_out() -> None:
    same = cell({"a": OURS.tolist(), "b": OURS.tolist()})
    few = cell({"a": [1.0, 2.0], "b": [2.0, 1.0]})
    assert flipped([same, few]) is None
