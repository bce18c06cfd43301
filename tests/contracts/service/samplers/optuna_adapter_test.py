"""Optuna's samplers under the contract, and round by round as Optuna itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import optuna
import pytest

from densearch.sampler import Entry, StudyPlan
from densearch.sampler.penalties import softened
from densearch.seeds import derive
from service.samplers import create
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

    def test_its_model_takes_the_worst_measured_value_for_a_penalty(self) -> None:
        study = StudyPlan(2, 20, 3, options={"n_startup_trials": 16})
        points = [e.point for e in self.simulate(replace(study, n_trials=16)).run(4)]
        values = [1000.0 if p[0] > 0.75 else 1e-3 * sum(p) for p in points]
        assert 1000.0 in values

        def asked(values: list[float], penalty: float | None) -> list[tuple[float, ...]]:
            log = [Entry(p, v, n) for n, (p, v) in enumerate(zip(points, values, strict=True))]
            plan = create("gp", replace(study, penalty=penalty)).plan(log)
            return [one.point for one in plan.proposals]

        found = asked(values, 1000.0)
        assert found == asked(softened(values, 1000.0), None)
        # A study that an older version began takes the penalty itself, to its end.
        assert found != asked(values, None)


OPTIMUM = (0.3, 0.3)


def nearest_after_divergences(penalty: float, seed: int) -> float:
    """Return how near to the optimum a study comes in which a quarter of the cube diverges."""
    study = StudyPlan(2, 32, seed)
    log, sampler = list[Entry](), create("gp", study)
    while proposals := sampler.plan(log).proposals:
        for one in proposals:
            apart = sum((u - v) ** 2 for u, v in zip(one.point, OPTIMUM, strict=True))
            value = penalty if one.point[0] > 0.75 else 1e-3 * (apart + 1.0)
            log.append(Entry(one.point, value, one.number))
    return float(min(np.linalg.norm(np.subtract(e.point, OPTIMUM)) for e in log[12:]))


@pytest.mark.slow
def test_divergences_cost_the_model_of_the_values_nothing() -> None:
    """Against a penalty that is near the values; the raw one costs 0.17 of the cube's side."""
    pairs = [[nearest_after_divergences(p, seed) for p in (1000.0, 4e-3)] for seed in range(8)]
    worse = np.subtract(*np.transpose(pairs))
    assert worse.mean() < 2.0 * worse.std(ddof=1) / len(worse) ** 0.5
