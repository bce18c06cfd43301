"""How many trials a round has."""

from __future__ import annotations

import cmaes
import numpy as np
import pytest

from densearch.sampler import StudyPlan
from service.samplers import round_sizes


@pytest.mark.parametrize("dimension", [2, 3, 5, 12, 40])
def test_a_generation_is_that_of_the_package_unless_the_batch_is_larger(dimension: int) -> None:
    usual = cmaes.CMA(mean=np.zeros(dimension), sigma=1.0).population_size
    assert round_sizes.of_generation(StudyPlan(dimension, 100, 0)) == usual
    assert round_sizes.of_generation(StudyPlan(dimension, 100, 0, batch_size=50)) == 50


def test_a_search_of_one_value_has_generations_too() -> None:
    assert round_sizes.of_generation(StudyPlan(1, 100, 0)) == 4


def test_one_at_a_time_is_one_whatever_the_batch() -> None:
    study = StudyPlan(2, 100, 0, batch_size=8)
    assert (round_sizes.of_one(study), round_sizes.of_batch(study)) == (1, 8)
