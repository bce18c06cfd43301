"""Distributions against scipy's empirical distribution function."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import ecdf

from api.dashboard.figures.distributions import (
    MAX_POINTS,
    distribution_of,
    edf_figure,
    rank_figure,
)
from api.dashboard.figures.ranks import mean_ranks
from api.dashboard.figures.staircases import Step
from api.dashboard.figures.themes import THEMES
from service.records import Study
from service.states import Role
from service.storage.trial_marks import SearchValues

THEME = THEMES["light"]


def study(number: int, sampler: str, repeat: int, role: str = "search") -> Study:
    return Study(
        number, 1, number, f"{sampler}-{repeat}", Role(role), sampler, repeat, 9, 0,
        is_finished=True, stopped_at=None, best_trial_id=None, best_value=None,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_the_steps_are_those_of_the_empirical_distribution(seed: int) -> None:
    values = np.sort(np.random.default_rng(seed).integers(0, 20, 40).astype(float))
    x, y = distribution_of(SearchValues(values.tolist(), 40))
    expected = ecdf(values).cdf
    np.testing.assert_array_equal(x, expected.quantiles)
    np.testing.assert_allclose(y, expected.probabilities, rtol=1e-14)


def test_trials_without_a_value_lower_the_line() -> None:
    assert distribution_of(SearchValues([1.0, 2.0], 8)) == ([1.0, 2.0], [0.125, 0.25])
    assert distribution_of(SearchValues([], 8)) == ([], [])


def test_a_long_search_is_thinned_and_keeps_its_ends() -> None:
    x, y = distribution_of(SearchValues([float(i) for i in range(7000)], 7000))
    assert len(x) == MAX_POINTS
    assert (x[0], x[-1], y[-1]) == (0.0, 6999.0, 1.0)
    np.testing.assert_allclose(y, (np.array(x) + 1) / 7000)


def test_repeats_of_a_sampler_count_together_and_controls_have_no_line() -> None:
    arms = [study(1, "tpe", 1), study(2, "tpe", 2), study(3, "uniform", 1, "control")]
    found = {1: SearchValues([1.0, 3.0], 2), 2: SearchValues([2.0], 2), 3: SearchValues([9.0], 1)}
    figure = edf_figure(arms, found, THEME)
    assert figure is not None
    [line] = figure["data"]
    assert (line["x"], line["y"]) == ([1.0, 2.0, 3.0], [0.25, 0.5, 0.75])
    assert "ends below 1" in figure["layout"]["meta"]["caption"]
    json.dumps(figure, allow_nan=False)
    assert edf_figure(arms, {}, THEME) is None


def test_the_first_rank_is_at_the_top_and_few_repeats_are_said() -> None:
    arms = [study(1, "a", 1), study(2, "b", 1)]
    ranks = mean_ranks(arms, {1: [Step(1.0, 2.0, 0)], 2: [Step(1.0, 3.0, 0)]})
    assert ranks is not None
    figure = rank_figure(ranks, THEME)
    assert [line["y"] for line in figure["data"]] == [[1.0], [2.0]]
    bottom, top = figure["layout"]["yaxis"]["range"]
    assert bottom > len(arms)
    assert top < 1
    assert "one repeat" in figure["layout"]["meta"]["caption"]
