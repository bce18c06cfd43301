"""Sobol points under the contract: a net."""

from __future__ import annotations

from densearch.sampler import StudyPlan
from tests.support.rounds_behaviour import KnownBehaviour
from tests.support.sampler_behaviour import Simulation, bowl


class TestQmc(KnownBehaviour):
    name = "qmc"

    def test_points_are_a_net(self) -> None:
        points = [e.point for e in Simulation(self.name, StudyPlan(5, 256, 3), bowl).run(9)]
        for axis in range(5):  # one in each of 256 intervals, whatever the scrambling
            assert sorted(int(256 * point[axis]) for point in points) == list(range(256))
