"""What every sampler owes its study. Each implementation inherits the class and runs all of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from densearch.sampler import Certainty, Entry, Plan, Point, Proposal, Sampler, StudyPlan
from service.samplers import create, describe

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
        self.at_once: int | None = None  # trials of a plan that are issued before a crash
        self._sampler = create(name, study)
        self._chance = random.Random(seed)
        self._waiting: list[int] = []
        self._running: list[int] = []

    def restart(self, study: StudyPlan | None = None) -> None:
        """Build the sampler afresh, perhaps for a study whose budget was raised."""
        self.study = study or self.study
        self._sampler = create(self.name, self.study)

    def ask(self, _n_free: int) -> Plan:
        plan = self._sampler.plan(self.log)
        self.history.append((list(self.log), plan))
        for index, number in plan.numbered.items():
            assert self.log[index].number is None
            self.log[index] = replace(self.log[index], number=number)
        for proposal in plan.proposals[: self.at_once]:
            assert proposal.certainty is Certainty.CERTAIN
            self._issue(Entry(proposal.point, None, proposal.number))
        if self.at_once is not None and len(plan.proposals) > self.at_once:
            self.restart()
        return plan

    def speculate(self, n_free: int) -> tuple[Proposal, ...]:
        """Let idle workers take what the sequence may need, and hold it to what it owes."""
        found = self._sampler.speculate(self.log, n_free)
        points = [proposal.point for proposal in found]
        assert len(points) <= n_free
        assert len(set(points) | {e.point for e in self.log}) == len(points) + len(
            {e.point for e in self.log}
        ), "a point of the log, or the same one twice"
        for proposal in found:
            assert proposal.number is None
            assert proposal.certainty is not Certainty.CERTAIN
            self._issue(Entry(proposal.point, None, None, is_speculative=True))
        return found

    def end(self, index: int) -> None:
        entry = self.log[index]
        self.log[index] = replace(entry, value=self.objective(entry.point))

    def run(
        self, n_workers: int, restart_rate: float = 0.0, *, speculates: bool = True
    ) -> list[Entry]:
        """Run to the end of the budget; the sequence, in its order."""
        while not self.ask(n_workers - len(self._running)).is_finished:
            assert sum(not e.is_speculative or e.number is not None for e in self.log) <= (
                self.study.n_trials
            )
            n_free = n_workers - len(self._running) - len(self._waiting)
            if speculates and n_free > 0:
                self.speculate(n_free)
            self._step(n_workers)
            if self._chance.random() < restart_rate:
                self.restart()
        sequence = {e.number: e for e in self.log if e.number is not None}
        assert sorted(sequence) == list(range(self.study.n_trials))
        assert all(e.is_speculative for e in self.log if e.number is None)
        return [sequence[number] for number in sorted(sequence)]

    def _issue(self, entry: Entry) -> None:
        self._waiting.append(len(self.log))
        self.log.append(entry)

    def _step(self, n_workers: int) -> None:
        while self._waiting and len(self._running) < n_workers:
            self._running.append(self._waiting.pop(0))
        assert self._running, "nothing runs and nothing is proposed, yet it is not finished"
        self.end(self._running.pop(self._chance.randrange(len(self._running))))


def sequence_of(log: Sequence[Entry]) -> list[tuple[Point, float | None, int | None]]:
    """What a sequence is compared by."""
    return [(e.point, e.value, e.number) for e in log]


class SamplerBehaviour:
    """The contract of `densearch.sampler.contract`. A subclass states `name`, perhaps `is_seeded`.

    The suite demands further that speculation (`Sampler.speculate`) never changes the sequence;
    that an entry of the catalogue with the capability `speculative` has an option `max_extra`
    whose 0 means none; and that a study whose budget is raised goes on from its log
    as if it had been so long from the start, `n_first` being the same. What depends on the budget
    (a grid, a share) takes `StudyPlan.first_budget`, which does not move.
    """

    name: str
    is_seeded = True

    def study(self, n_trials: int = 23, dimension: int = 2, seed: int = 1) -> StudyPlan:
        return StudyPlan(dimension, n_trials, seed, lower_bound=0.0)

    def simulate(self, study: StudyPlan, objective: Objective = bowl, seed: int = 0) -> Simulation:
        return Simulation(self.name, study, objective, seed)

    @pytest.mark.parametrize("n_trials", [1, 2, 3, 4, 5, 6, 23])
    def test_a_budget_of_n_is_n_trials_in_the_cube(self, n_trials: int) -> None:
        study = self.study(n_trials)
        log = self.simulate(study).run(n_workers=3)
        assert len(log) == n_trials
        assert all(len(e.point) == study.dimension for e in log)
        assert all(0.0 <= x <= 1.0 for e in log for x in e.point)

    def test_the_seed_decides(self) -> None:
        first, again, other = (
            [e.point for e in self.simulate(self.study(seed=seed)).run(2)] for seed in (1, 1, 2)
        )
        assert first == again
        assert (first != other) is self.is_seeded

    def test_neither_workers_nor_order_nor_restarts_matter(self) -> None:
        study = self.study(n_trials=40, dimension=3)
        one = self.simulate(study).run(1)
        for n_workers in (1, 2, 16):
            many = self.simulate(study, seed=n_workers).run(n_workers, restart_rate=0.2)
            assert sequence_of(many) == sequence_of(one)

    def test_a_plan_that_was_issued_in_part_is_completed_by_the_next(self) -> None:
        study = self.study(n_trials=16)
        cut = self.simulate(study, seed=9)
        cut.at_once = 3
        assert sequence_of(cut.run(3)) == sequence_of(self.simulate(study).run(1))

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
            plan = sampler.plan(simulation.log)
            assert sampler.plan(simulation.log) == plan
            sampler.speculate(simulation.log, 3)
            assert sampler.plan(simulation.log) == plan
            simulation.ask(2)
            simulation.end(next(i for i, e in enumerate(simulation.log) if e.value is None))

    def test_penalties_are_values_like_others(self) -> None:
        def often_diverges(point: Point) -> float:
            return 1e9 if point[0] > 0.5 else bowl(point)

        study = self.study(n_trials=20, dimension=3)
        log = self.simulate(study, often_diverges).run(3)
        assert any(e.value == 1e9 for e in log)
        assert any(e.value is not None and e.value < 1e9 for e in log)
        many = self.simulate(study, often_diverges, seed=7).run(7, restart_rate=0.2)
        assert sequence_of(many) == sequence_of(log)

    def test_finished_means_that_every_number_has_ended(self) -> None:
        simulation = self.simulate(self.study())
        simulation.run(3)
        assert [plan.is_finished for _, plan in simulation.history].count(True) == 1
        last_log, last_plan = simulation.history[-1]
        assert last_plan.is_finished
        assert not last_plan.proposals
        numbers = {i: e.number for i, e in enumerate(last_log)} | dict(last_plan.numbered)
        assert all(last_log[i].value is not None for i, n in numbers.items() if n is not None)

    def test_speculation_is_what_the_catalogue_says_and_changes_nothing(self) -> None:
        study = self.study(n_trials=40, dimension=3)
        quiet, busy = self.simulate(study), self.simulate(study, seed=3)
        assert sequence_of(busy.run(16)) == sequence_of(quiet.run(16, speculates=False))
        is_speculative = describe(self.name).capabilities.speculative
        assert any(e.is_speculative for e in busy.log) is is_speculative

    def test_no_speculation_where_none_is_allowed(self) -> None:
        if not describe(self.name).capabilities.speculative:
            assert self.simulate(self.study()).speculate(16) == ()
            return
        for max_extra in (0, 3):
            study = replace(self.study(n_trials=40), options={"max_extra": max_extra})
            simulation = self.simulate(study)
            simulation.run(16)
            n_extra = [
                sum(e.is_speculative and e.number is None for e in log)
                for log, _ in simulation.history
            ]
            assert max(n_extra) == max_extra

    @pytest.mark.parametrize("n_before", [3, 12])
    def test_a_raised_budget_goes_on_from_the_log(self, n_before: int) -> None:
        short = replace(self.study(n_trials=n_before), n_first=n_before)
        long = replace(short, n_trials=n_before + 12)
        simulation = self.simulate(short)
        before = sequence_of(simulation.run(3))
        simulation.restart(long)
        after = sequence_of(simulation.run(3))
        assert after[:n_before] == before
        assert after == sequence_of(self.simulate(long).run(5))
