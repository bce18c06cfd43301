"""Random points under the contract: uniform, whatever the budget."""

from __future__ import annotations

from itertools import pairwise

from densearch.sampler import StudyPlan
from service.samplers import create
from tests.support.rounds_behaviour import KnownBehaviour
from tests.support.sampler_behaviour import Simulation, bowl


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
