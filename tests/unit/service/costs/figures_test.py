"""Figures of an estimate: sums and multiples keep the least, the usual and the most."""

from __future__ import annotations

from service.costs.figures import Interval, KindOfTraining, total_of


def test_figures_add_up_and_scale_each_for_itself() -> None:
    assert Interval(1.0, 2.0, 4.0) + Interval(0.5, 1.0, 8.0) == Interval(1.5, 3.0, 12.0)
    assert Interval(1.0, 2.0, 4.0) * 3 == Interval(3.0, 6.0, 12.0)


def test_the_total_of_nothing_is_nothing() -> None:
    assert total_of([]) == Interval(0.0, 0.0, 0.0)
    assert total_of([Interval(1.0, 2.0, 3.0)] * 2) == Interval(2.0, 4.0, 6.0)


def test_at_least_only_those_trainings_run_that_nothing_can_spare() -> None:
    kind = KindOfTraining("evaluation", 6, 4, 5, (1, 1, 1), 1.0, Interval(1.0, 2.0, 3.0))
    assert kind.whole == Interval(4.0, 10.0, 18.0)
