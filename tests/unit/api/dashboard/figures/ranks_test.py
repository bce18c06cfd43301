"""Mean ranks against scipy's ranks of every number of trials."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from api.dashboard.figures.ranks import MAX_POINTS, mean_ranks, ranks_of
from api.dashboard.figures.staircases import Step, staircase
from service.records import Study
from service.states import Role


def study(number: int, sampler: str, repeat: int, *, is_finished: bool = True) -> Study:
    return Study(
        number, 1, number, f"{sampler}-{repeat}", Role.SEARCH, sampler, repeat, 9, 0,
        is_finished=is_finished, stopped_at=None, best_trial_id=None, best_value=None,
    )  # fmt: skip


def stair(values: np.ndarray) -> list[Step]:
    return staircase(Step(float(i + 1), float(v), i) for i, v in enumerate(values))


@pytest.mark.parametrize("values", [[3.0, 1.0, 2.0], [1.0, 1.0, 2.0], [5.0], [2.0, 2.0, 2.0]])
def test_equal_values_share_the_mean_of_their_ranks(values: list[float]) -> None:
    assert ranks_of(values) == rankdata(values).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_the_means_are_those_of_the_ranks_after_every_number_of_trials(seed: int) -> None:
    # Whole numbers, so that there are ties.
    values = np.random.default_rng(seed).integers(0, 8, size=(3, 4, 20)).astype(float)
    best = np.minimum.accumulate(values, axis=2)
    arms = [study(10 * s + r, f"s{s}", r) for s in range(3) for r in (1, 2, 3, 4)]
    stairs = {10 * s + r: stair(values[s, r - 1]) for s in range(3) for r in (1, 2, 3, 4)}
    found = mean_ranks(arms, stairs)
    assert found is not None
    assert found.n_repeats == 4
    expected = rankdata(best, axis=0).mean(axis=1)
    at = np.array(found.x)
    np.testing.assert_allclose(np.array(found.means), expected[:, at - 1], rtol=1e-14)
    # Between its points no rank changes.
    rebuilt = [
        [row[np.searchsorted(at, x, "right") - 1] for x in range(1, 21)] for row in found.means
    ]
    np.testing.assert_allclose(np.array(rebuilt), expected, rtol=1e-14)


def test_no_search_is_compared_with_one_that_had_more_trials() -> None:
    arms = [study(1, "a", 1), study(2, "b", 1, is_finished=False)]
    stairs = {1: stair(np.array([3.0, 2.0, 1.0, 0.5])), 2: stair(np.array([4.0, 1.5]))}
    found = mean_ranks(arms, stairs)
    assert found is not None
    assert found.x == [1, 2]
    assert found.means == [[1.0, 2.0], [2.0, 1.0]]
    # The best of a search that is over stays.
    ended = mean_ranks([study(1, "a", 1), study(2, "b", 1)], stairs)
    assert ended is not None
    assert ended.x == [1, 2, 3, 4]
    assert ended.means[0] == [1.0, 2.0, 1.0, 1.0]


def test_a_repeat_that_one_sampler_lacks_does_not_count() -> None:
    arms = [study(1, "a", 1), study(2, "a", 2), study(3, "b", 1), study(4, "b", 2)]
    own = {i: stair(np.array([float(i)])) for i in (1, 2, 3, 4)}
    found = mean_ranks(arms, {i: own[i] for i in (1, 2, 3)})
    assert found is not None
    assert found.n_repeats == 1
    assert mean_ranks(arms, {2: own[2], 3: own[3]}) is None
    assert mean_ranks(arms[:2], own) is None
    assert mean_ranks([], {}) is None


def test_long_searches_are_thinned_and_keep_their_ends() -> None:
    long = np.arange(5 * MAX_POINTS, 0, -1.0)
    found = mean_ranks([study(1, "a", 1), study(2, "b", 1)], {1: stair(long), 2: stair(long + 1)})
    assert found is not None
    assert (found.x[0], found.x[-1], len(found.x)) == (1, 5 * MAX_POINTS, MAX_POINTS)


def test_a_sampler_that_searches_once_is_the_same_in_every_repeat() -> None:
    arms = [study(1, "once", 1), study(2, "tpe", 1), study(3, "tpe", 2)]
    own = {i: stair(np.array([value])) for i, value in ((1, 5.0), (2, 4.0), (3, 6.0))}
    found = mean_ranks(arms, own)
    assert found is not None
    assert (found.n_repeats, found.means) == (2, [[1.5], [1.5]])
