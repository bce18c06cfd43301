"""Optuna's own behaviour suite for samplers, as far as it applies to DIRECT-L.

It runs twice: with a sampler for what DIRECT-L cannot search (`independent_sampler`), and without
one. What is left out, and why, is in `LEFT_OUT` and `REFUSED`. `MultiObjectiveSamplerTestCase` is
for samplers of several objectives; DIRECT-L has one, as `SingleOnlySamplerTestCase` wants.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator

import optuna
import pytest
from optuna.samplers import BaseSampler, RandomSampler
from optuna.testing import pytest_samplers

from densearch.optuna import DirectLSampler, UnsearchableParameterError

Make = Callable[[], BaseSampler]

# Never run: they hand categories to `sample_relative`, which our search space never holds.
LEFT_OUT = {
    "test_sample_relative_categorical": "categories only",
    "test_sample_relative_mixed": "a category in every case",
}

# Not run without `independent_sampler`: each suggests what is then refused by name.
REFUSED = {
    "test_categorical": "categories",
    "test_conditional_sample_independent": "categories",
    "test_conditional_parameter_objective": "categories, and parameters of some trials only",
    "test_single_parameter_objective": "categories in one case of six",
    "test_combination_of_different_distributions_objective": "categories in 11 cases of 36",
    "test_dynamic_range_objective": "bounds that change between trials",
}
CASES = (
    pytest_samplers.BasicSamplerTestCase,
    pytest_samplers.RelativeSamplerTestCase,
    pytest_samplers.SingleOnlySamplerTestCase,
)


def without(names: Iterable[str]) -> Callable[[type], type]:
    """Take tests out of a class that inherits them."""

    def take_out(suite: type) -> type:
        for name in names:
            if hasattr(suite, name):
                setattr(suite, name, None)
        return suite

    return take_out


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(level)


@without(LEFT_OUT)
class TestWithAnotherSampler(*CASES):  # type: ignore[misc]
    @pytest.fixture
    def sampler(self) -> Make:
        return lambda: DirectLSampler(independent_sampler=RandomSampler(seed=0))


@without([*LEFT_OUT, *REFUSED])
class TestAlone(*CASES):  # type: ignore[misc]
    @pytest.fixture
    def sampler(self) -> Make:
        return DirectLSampler


@pytest.mark.parametrize("name", [*LEFT_OUT, *REFUSED])
def test_what_is_left_out_is_in_the_suite(name: str) -> None:
    assert any(inspect.isfunction(getattr(case, name, None)) for case in CASES)


def test_categories_are_refused_by_name() -> None:
    study = optuna.create_study(sampler=DirectLSampler())
    with pytest.raises(UnsearchableParameterError, match="'x' is categorical"):
        study.optimize(lambda t: t.suggest_categorical("x", [1.0, 2.0]), n_trials=1)
