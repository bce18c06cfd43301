"""What every sampler owes its study. Each implementation inherits the class and runs all of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from service.samplers import Entry, Plan, Sampler, StudyPlan, create

Point = tuple[float, ...]
Objective = Callable[[Point], float]


def bowl(point: Point) -> float:
    """A smooth function with its minimum off every grid."""
    return sum((x - 0.3712) ** 2 for x in point)


class Simulation:
    """A dispatcher in miniature: some workers, trials that end in any order, sudden restarts."""

    def __init__(self, name: str, study: StudyPlan, objective: Objective, seed: int = 0) -> None:
        self.name, self.study, self.objective = name, study, objective
        self.log: list[Entry] = []
        self.history: list[tuple[list[Entry], Plan]] = []
        self._sampler = create(name, study)
        self._chance = random.Random(seed)
        self._waiting: list[int] = []

    def restart(self) -> None:
        self._sampler = create(self.name, self.study)

    def ask(self, _n_free: int) -> Plan:
        plan = self._sampler.plan(self.log)
        self.history.append((list(self.log), plan))
        for index, number in plan.numbered.items():
            self.log[index] = replace(self.log[index], number=number)
        for proposal in plan.proposals:
            self._waiting.append(len(self.log))
            self.log.append(Entry(proposal.point, None, proposal.number))
        return plan

    def end(self, index: int) -> None:
        entry = self.log[index]
        self.log[index] = replace(entry, value=self.objective(entry.point))

    def run(self, n_workers: int, restart_rate: float = 0.0) -> list[Entry]:
        """Run to the end; the log in the order of the sequence."""
        running: list[int] = []
        while not self.ask(n_workers - len(running)).is_finished:
            assert len(self.log) <= self.study.n_trials
            while self._waiting and len(running) < n_workers:
                running.append(self._waiting.pop(0))
            assert running, "nothing runs and nothing is proposed, yet it is not finished"
            self.end(running.pop(self._chance.randrange(len(running))))
            if self._chance.random() < restart_rate:
                self.restart()
        assert not self._waiting
        assert not running
        assert sorted(e.number for e in self.log if e.number is not None) == list(
            range(self.study.n_trials)
        )
        return sorted(self.log, key=lambda e: -1 if e.number is None else e.number)


class SamplerBehaviour:
    """The contract of service/samplers/base.py. A subclass states `name`, perhaps `is_seeded`."""

    name: str
    is_seeded = True

    def study(self, n_trials: int = 23, dimension: int = 2, seed: int = 1) -> StudyPlan:
        return StudyPlan(dimension, n_trials, seed, lower_bound=0.0)

    def simulate(self, study: StudyPlan, objective: Objective = bowl, seed: int = 0) -> Simulation:
        return Simulation(self.name, study, objective, seed)

    @pytest.mark.parametrize("n_trials", [1, 2, 3, 4, 5, 6, 23])
    def test_a_budget_of_n_is_n_trials_in_the_cube(self, n_trials: int) -> None:
        log = self.simulate(self.study(n_trials)).run(n_workers=3)
        assert len(log) == n_trials
        assert all(len(e.point) == 2 and all(0.0 <= x <= 1.0 for x in e.point) for e in log)

    def test_the_seed_decides(self) -> None:
        first, again, other = (
            [e.point for e in self.simulate(self.study(seed=seed)).run(2)] for seed in (1, 1, 2)
        )
        assert first == again
        assert (first != other) is self.is_seeded

    @pytest.mark.parametrize("n_workers", [1, 2, 7, 16])
    def test_neither_workers_nor_order_nor_restarts_matter(self, n_workers: int) -> None:
        study = self.study(n_trials=40, dimension=3)
        one = self.simulate(study).run(1)
        many = self.simulate(study, seed=n_workers).run(n_workers, restart_rate=0.2)
        assert [(e.point, e.value, e.number) for e in many] == [
            (e.point, e.value, e.number) for e in one
        ]

    def test_rebuilt_from_the_log_equals_incremental_at_every_step(self) -> None:
        study = self.study(n_trials=30)
        simulation = self.simulate(study, seed=5)
        simulation.run(4)
        for log, plan in simulation.history:
            assert create(self.name, study).plan(log) == plan

    def test_asking_twice_changes_nothing(self) -> None:
        simulation = self.simulate(self.study())
        for _ in range(10):
            sampler: Sampler = create(self.name, simulation.study)
            assert sampler.plan(simulation.log) == sampler.plan(simulation.log)
            simulation.ask(2)
            simulation.end(next(i for i, e in enumerate(simulation.log) if e.value is None))

    def test_penalties_are_values_like_others(self) -> None:
        def often_diverges(point: Point) -> float:
            return 1e9 if point[0] > 0.5 else bowl(point)

        log = self.simulate(self.study(), often_diverges).run(3)
        assert any(e.value == 1e9 for e in log)
        assert any(e.value is not None and e.value < 1e9 for e in log)

    def test_finished_means_that_every_trial_has_ended(self) -> None:
        simulation = self.simulate(self.study())
        simulation.run(3)
        assert [plan.is_finished for _, plan in simulation.history].count(True) == 1
        last_log, last_plan = simulation.history[-1]
        assert last_plan.is_finished
        assert not last_plan.proposals
        assert all(e.value is not None for e in last_log)
