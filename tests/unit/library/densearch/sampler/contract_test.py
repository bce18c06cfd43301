"""What the contract gives to every sampler."""

from __future__ import annotations

from collections.abc import Sequence

from densearch.sampler import Entry, Plan, Sampler, StudyPlan


class Idle(Sampler):
    """Proposes nothing."""

    def plan(self, log: Sequence[Entry]) -> Plan:
        del log
        return Plan()


def test_a_sampler_that_does_not_speculate_leaves_workers_idle() -> None:
    assert Idle(StudyPlan(1, 4, 0)).speculate([Entry((0.5,), None, 0)], 8) == ()


def test_what_depends_on_the_budget_takes_the_one_at_submission() -> None:
    assert StudyPlan(1, 40, 0).first_budget == 40
    assert StudyPlan(1, 40, 0, n_first=30).first_budget == 30
