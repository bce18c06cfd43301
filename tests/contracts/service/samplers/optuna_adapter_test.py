"""Optuna's samplers under the contract, and round by round as Optuna itself."""

from __future__ import annotations

from collections.abc import Iterator

import optuna

from densearch.sampler import Entry, StudyPlan
from densearch.seeds import derive
from tests.support.rounds_behaviour import RoundsBehaviour


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
