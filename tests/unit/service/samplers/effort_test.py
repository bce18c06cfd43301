"""What an ask costs grows with what it must look at, and is the same wherever it is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from densearch.sampler import Effort, StudyPlan
from service import samplers
from service.samplers import effort

STUDY = StudyPlan(4, 200, 0)
SEARCHERS = [info for info in samplers.catalogue() if not info.is_learned]


@pytest.mark.parametrize("info", SEARCHERS, ids=lambda info: info.name)
@pytest.mark.parametrize("larger", [replace(STUDY, n_trials=400), replace(STUDY, dimension=8)])
def test_more_trials_and_dimensions_never_cost_less(
    info: samplers.SamplerInfo, larger: StudyPlan
) -> None:
    before, after = info.effort(STUDY), info.effort(larger)
    assert 0 < before.work <= after.work
    assert 0 < before.memory_bytes <= after.memory_bytes


@pytest.mark.parametrize("of", [effort.of_tpe, effort.of_gp])
def test_a_round_costs_by_its_trials_up_to_the_budget(of: Callable[[StudyPlan], Effort]) -> None:
    one, four, many = (of(replace(STUDY, batch_size=n)).work for n in (1, 4, 10_000))
    assert one < four < many == of(replace(STUDY, batch_size=200)).work


def test_tpe_costs_by_its_candidates_and_twice_as_much_by_coordinate() -> None:
    usual = effort.of_tpe(STUDY)
    wide = effort.of_tpe(replace(STUDY, options={"n_ei_candidates": 1000}))
    apart = effort.of_tpe(replace(STUDY, options={"multivariate": False}))
    assert usual.work < wide.work
    assert usual.memory_bytes < wide.memory_bytes
    assert usual.work < apart.work < 2 * usual.work


def test_options_that_are_out_of_range_have_a_cost_too() -> None:
    """The limits on asks are sought by trying values, also those that a spec may not have."""
    assert effort.of_tpe(replace(STUDY, options={"n_ei_candidates": 10**9})).excess > 1.0


def test_model_points_cost_nothing_where_direct_l_model_has_none() -> None:
    plane, space = replace(STUDY, dimension=2), replace(STUDY, dimension=3)
    assert effort.of_model(plane) == effort.of_direct(plane)
    assert effort.of_model(space).work > effort.of_direct(space).work
