"""Samplers of one point: what learns inside one training, and controls."""

from __future__ import annotations

from densearch.sampler import StudyPlan
from tests.support.sampler_behaviour import Simulation


def test_learning_inside_a_training_is_the_centre_once() -> None:
    log = Simulation("gradient", StudyPlan(3, 1, 0), lambda _: 0.5).run(3)
    assert [(e.point, e.value, e.number) for e in log] == [((0.5, 0.5, 0.5), 0.5, 0)]


def test_a_control_is_one_point_without_coordinates() -> None:
    log = Simulation("fixed", StudyPlan(0, 1, 0), lambda _: 0.5).run(3)
    assert [(e.point, e.value, e.number) for e in log] == [((), 0.5, 0)]
