"""The samplers that DIRECT-L is compared with, under the contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import optuna

from densearch.sampler import Entry, StudyPlan
from densearch.seeds import derive
from service.samplers import create
from tests.support.rounds_behaviour import (
    ComparisonBehaviour,
    RoundsBehaviour,
)
from tests.support.sampler_behaviour import Simulation, bowl


class KnownBehaviour(ComparisonBehaviour):
    """A point depends on its number alone."""

    def test_it_waits_for_nothing(self) -> None:
        assert len(create(self.name, self.study()).plan([]).proposals) == 23

    def test_points_do_not_depend_on_values(self) -> None:
        one = self.simulate(self.study()).run(3)
        other = self.simulate(self.study(), lambda point: -bowl(point)).run(3)
        assert [e.point for e in one] == [e.point for e in other]

    def test_long_studies_come_in_windows(self) -> None:
        study = self.study(n_trials=700)
        simulation = self.simulate(study)
        log = simulation.run(3)
        assert max(len(plan.proposals) for _, plan in simulation.history) == 256
        # Four standard deviations of a fair coin: each half of an axis gets about one half.
        assert abs(sum(e.point[0] < 0.5 for e in log) - 350) < 4 * 700**0.5 / 2


class TestTpe(RoundsBehaviour):
    name = "tpe"

    def test_it_learns(self) -> None:
        values = [e.value or 0.0 for e in self.simulate(self.study(n_trials=80)).run(4)]
        assert sum(values[40:]) < 0.5 * sum(values[:10]) / 10 * 40

    def test_every_round_is_that_of_an_optuna_study_made_for_it(self) -> None:
        study = self.study(n_trials=60)
        log = self.simulate(study).run(4)
        for index in range(15):
            assert [e.point for e in log[4 * index : 4 * index + 4]] == list(
                asked_of_optuna(study, log[: 4 * index], index)
            )


def asked_of_optuna(study: StudyPlan, log: list[Entry], index: int) -> Iterator[tuple[float, ...]]:
    """Ask a fresh study for a round."""
    sampler = optuna.samplers.TPESampler(
        seed=derive(study.seed, "round", index), multivariate=True, constant_liar=True
    )
    made = optuna.create_study(sampler=sampler)
    space: dict[str, optuna.distributions.BaseDistribution] = {
        f"x{i}": optuna.distributions.FloatDistribution(0, 1) for i in range(2)
    }
    for e in log:
        params = dict(zip(space, e.point, strict=True))
        made.add_trial(optuna.create_trial(params=params, distributions=space, value=e.value))
    for _ in range(4):
        yield tuple(made.ask(space).params.values())


class TestCmaEs(RoundsBehaviour):
    name = "cmaes"
    round_size = 6  # 4 + 3 ln 2

    def test_it_follows_a_narrow_valley(self) -> None:
        def valley(point: tuple[float, ...]) -> float:
            x, y = point
            return (x + y - 0.7) ** 2 * 100 + (x - y - 0.3) ** 2

        log = self.simulate(self.study(n_trials=300), valley).run(6)
        assert min(e.value or 0.0 for e in log) < 1e-6

    def test_a_larger_batch_is_the_generation(self) -> None:
        study = replace(self.study(n_trials=40), batch_size=16)
        assert len(create(self.name, study).plan([]).proposals) == 16

    def test_it_begins_elsewhere_when_it_has_converged(self) -> None:
        log = self.simulate(self.study(n_trials=600), lambda _: 1.0).run(6)
        assert len({e.point for e in log}) == 600


class TestGp(RoundsBehaviour):
    name = "gp"

    def study(self, n_trials: int = 23, dimension: int = 2, seed: int = 1) -> StudyPlan:
        # Each modelled proposal costs a tenth of a second: there are two rounds of them.
        n = min(n_trials, 23)
        options = {"n_startup_trials": 16}
        return StudyPlan(n_trials=n, dimension=dimension, seed=seed, options=options)

    def test_it_finds_the_bottom_of_a_bowl(self) -> None:
        log = self.simulate(StudyPlan(2, 24, 1)).run(4)
        assert min(e.value or 0.0 for e in log) < 1e-4


class TestQmc(KnownBehaviour):
    name = "qmc"

    def test_points_are_a_net(self) -> None:
        points = [e.point for e in Simulation(self.name, StudyPlan(5, 256, 3), bowl).run(9)]
        for axis in range(5):  # one in each of 256 intervals, whatever the scrambling
            assert sorted(int(256 * point[axis]) for point in points) == list(range(256))


class TestGrid(KnownBehaviour):
    name = "grid"


class TestRandom(KnownBehaviour):
    name = "random"

    def test_points_do_not_depend_on_the_budget(self) -> None:
        short, long = (create(self.name, self.study(n)).plan([]).proposals for n in (5, 23))
        assert long[:5] == short

    def test_points_spread_evenly(self) -> None:
        study = StudyPlan(1, 400, 3)
        points = sorted(e.point[0] for e in Simulation(self.name, study, bowl).run(300))
        # Kolmogorov-Smirnov at 1e-4: 2.23 / sqrt(n).
        assert max(abs(x - (i + 0.5) / 400) for i, x in enumerate(points)) < 2.23 / 20
        assert all(a != b for a, b in pairwise(points))
