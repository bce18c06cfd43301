"""What a search is read off as."""

from __future__ import annotations

import pytest

from benchmarks.regret.searches import Task, curve


def test_the_curve_follows_what_looks_best_though_it_is_not() -> None:
    # By the noisy values the second trial looks best until the fourth.
    logs = curve([0.1, 1.0, 0.01, 1e-9], [3.0, 1.0, 2.0, 0.5])
    assert logs.tolist() == pytest.approx([-1, 0, 0, -6])


def test_a_task_is_read_off_at_its_budgets() -> None:
    task = Task("random", "sphere", 2, 0, (3, 9), 4)
    short, long = task.run()
    (alone,) = Task("random", "sphere", 2, 0, (3,), 4).run()
    assert short == alone
    assert long.regret <= short.regret
    assert long.area >= long.regret
