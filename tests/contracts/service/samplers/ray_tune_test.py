"""Ray Tune's search algorithms under the contract, those whose extra is installed."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from densearch.sampler import AxisKind, StudyPlan
from service.samplers import create, describe
from tests.support.rounds_behaviour import RoundsBehaviour


def needs_extra(name: str) -> pytest.MarkDecorator:
    info = describe(name)
    return pytest.mark.skipif(not info.is_installed, reason=info.remedy)


class TuneBehaviour(RoundsBehaviour):
    """What replaying a searcher asks for besides."""

    def test_global_generators_neither_matter_nor_move(self) -> None:
        study = self.study()
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002 - the generator that libraries draw from
        first = [e.point for e in self.simulate(study).run(2)]
        drawn = random.random(), np.random.random()  # noqa: NPY002
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        assert drawn == (random.random(), np.random.random())  # noqa: NPY002
        assert [e.point for e in self.simulate(study).run(2)] == first


class ReplayedBehaviour(TuneBehaviour):
    """Searchers that are rebuilt by asking again."""

    def test_a_log_of_another_search_is_refused(self) -> None:
        study = self.study()
        simulation = self.simulate(study)
        simulation.ask(4)
        for index in range(4):
            simulation.end(index)
        foreign = create(self.name, replace(study, seed=study.seed + 1))
        with pytest.raises(RuntimeError, match="another version"):
            foreign.plan(simulation.log)


@needs_extra("tune:hyperopt")
class TestHyperOpt(ReplayedBehaviour):
    name = "tune:hyperopt"

    def test_it_learns_which_category_is_best(self) -> None:
        study = replace(self.study(120), axes=(AxisKind(), AxisKind(4, is_ordered=False)))
        log = self.simulate(study, lambda p: abs(p[0] - 0.4) + (p[1] != 0.625)).run(4)
        assert sum(e.point[1] == 0.625 for e in log[60:]) > 2 * 60 / 4


@needs_extra("tune:nevergrad")
class TestNevergrad(ReplayedBehaviour):
    name = "tune:nevergrad"

    def test_it_finds_the_bottom_of_a_bowl(self) -> None:
        log = self.simulate(self.study(n_trials=100)).run(4)
        assert min(e.value or 0.0 for e in log) < 1e-3


@needs_extra("tune:bayesopt")
class TestBayesOpt(TuneBehaviour):
    name = "tune:bayesopt"
    round_size = 1

    def study(self, n_trials: int = 23, dimension: int = 2, seed: int = 1) -> StudyPlan:
        # Each proposal costs a tenth of a second: few are left to the model, long runs are cut.
        n = n_trials if n_trials <= 23 else 22
        options = {"random_search_steps": 20}
        return StudyPlan(n_trials=n, dimension=dimension, seed=seed, options=options)

    def test_it_finds_the_bottom_of_a_bowl(self) -> None:
        log = self.simulate(StudyPlan(2, 20, 1)).run(1)
        assert min(e.value or 0.0 for e in log) < 1e-3


@needs_extra("tune:ax")
class TestAx(ReplayedBehaviour):
    name = "tune:ax"

    def study(self, n_trials: int = 23, dimension: int = 2, seed: int = 1) -> StudyPlan:
        # Each proposal costs a second: 5 points are Sobol's, few are left to the model.
        n = n_trials if n_trials <= 23 else 9
        return StudyPlan(n_trials=n, dimension=dimension, seed=seed)
