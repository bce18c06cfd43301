"""The problems: a shift moves the minimum, and nothing lies below it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.recorded.table import RecordedLoss, RecordedTable
from benchmarks.regret import problems
from benchmarks.regret.problems import Problem, base, moved

NAMES = ["sphere", "rotated ackley", "noisy levy", "recorded faces", "noisy recorded faces"]


@pytest.fixture(autouse=True)
def _small_table(monkeypatch: pytest.MonkeyPatch) -> None:
    axes = ((0.0, 0.5, 1.0), (0.0, 0.4, 1.0))
    losses = np.random.default_rng(0).uniform(0.2, 2.0, (2, 3, 3))
    loss = RecordedLoss(RecordedTable(axes, losses, 0))
    monkeypatch.setattr(problems, "recorded_loss", lambda *_: loss)


@pytest.mark.parametrize("name", NAMES)
def test_the_minimum_is_in_the_cube_and_is_moved(name: str) -> None:
    points = np.random.default_rng(1).random((2000, 2))
    found = []
    for shift in range(2):
        regrets = moved(name, 2, shift).regret(points) / Problem(name, 2, shift).scale
        assert 0 <= regrets.min() < 0.3
        assert np.median(regrets) == pytest.approx(1.0, rel=0.2)
        found.append(points[regrets.argmin()])
    assert np.abs(found[0] - found[1]).max() > 0.02


def test_noise_hangs_on_the_point_and_the_shift_alone() -> None:
    one, again, other = (Problem("noisy sphere", 2, shift) for shift in (3, 3, 4))
    point = (0.2, 0.7)
    noise = one.value(point) - one.regret(point)
    assert noise == again.value(point) - again.regret(point) != 0
    assert noise != other.value(point) - other.regret(point)
    many = [(i / 400, 0.5) for i in range(400)]
    deviations = [(one.value(p) - one.regret(p)) / one.scale for p in many]
    assert np.std(deviations) == pytest.approx(0.05, rel=0.15)
    assert abs(np.mean(deviations)) < 0.01


def test_problems_of_one_function_are_one_unit() -> None:
    assert {base(n) for n in ("noisy ackley", "rotated ackley", "ackley")} == {"ackley"}
    assert base("noisy recorded faces") == "recorded faces"
