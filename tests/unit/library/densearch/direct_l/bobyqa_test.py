"""What the local search adds, and where it starts."""

from __future__ import annotations

import pytest

from densearch.sampler import Plan, StudyPlan
from tests.support.sampler_behaviour import Simulation, bowl


def numbers_of(plan: Plan) -> set[int | None]:
    return {proposal.number for proposal in plan.proposals}


def test_its_first_points_are_certain_at_once() -> None:
    simulation = Simulation("direct_l_bobyqa", StudyPlan(3, 40, 0), bowl)
    simulation.run(1)
    issued = next(plan.proposals for _, plan in simulation.history if 20 in numbers_of(plan))
    assert [proposal.number for proposal in issued] == list(range(20, 27))
    before = [e for e in simulation.log if e.number is not None and e.number < 20]
    best = min(before, key=lambda e: bowl(e.point)).point
    assert issued[0].point == best
    for axis, proposal in enumerate(issued[1:4]):
        expected = [x + 0.1 * (i == axis) for i, x in enumerate(best)]
        assert proposal.point == pytest.approx(expected)


def test_it_finishes_a_smooth_problem() -> None:
    values = {}
    for name in ("direct_l", "direct_l_bobyqa"):
        log = Simulation(name, StudyPlan(4, 60, 0, lower_bound=0.0), bowl).run(4)
        values[name] = min(e.value for e in log if e.value is not None)
    assert values["direct_l_bobyqa"] < 1e-12
    assert values["direct_l"] > 1e-5


@pytest.mark.parametrize(("share", "n_local"), [(0.0, 0), (0.25, 10), (1.0, 33)])
def test_the_share_counts_from_the_first_budget(share: float, n_local: int) -> None:
    mixed_study = StudyPlan(3, 40, 0, options={"share": share}, n_first=40)
    tree = [e.point for e in Simulation("direct_l", StudyPlan(3, 40, 0), bowl).run(3)]
    mixed = [e.point for e in Simulation("direct_l_bobyqa", mixed_study, bowl).run(3)]
    n_tree = 40 - n_local
    assert mixed[:n_tree] == tree[:n_tree]
    assert (mixed[n_tree:] == tree[n_tree:]) is (n_local == 0)
