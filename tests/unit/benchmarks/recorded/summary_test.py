"""What the summary of a recorded table says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.recorded.summary import line, neighbour_correlation
from benchmarks.recorded.table import RecordedTable


def test_the_correlation_is_that_of_neighbours() -> None:
    random = np.random.default_rng(0)
    assert neighbour_correlation(random.normal(size=(2, 60, 60))) == pytest.approx(0, abs=0.03)
    # Sums of two neighbours along one axis share one of two draws: 0.5 there, 0 along the other.
    drawn = random.normal(size=(2, 61, 60))
    assert neighbour_correlation(drawn[:, 1:] + drawn[:, :-1]) == pytest.approx(0.25, abs=0.03)


def test_a_line_has_the_best_plain_convolution_and_the_noise_of_a_seed() -> None:
    losses = np.full((2, 3, 5, 2), 4.0)
    losses[:, 1, 2] = [[1.0, 2.0], [2.0, 2.0]]  # factor 1, den 1: by seed and rate
    losses[:, 0, 0, 0] = 0.5
    apart = np.random.default_rng(1).uniform(0.0, 0.1, (3, 5, 2))
    losses += np.stack([apart, -apart])
    table = RecordedTable(((0.0, 0.5, 1.0), (0.0, 0.25, 0.5, 0.75, 1.0), (0.0, 1.0)), losses, 1)
    cells = [cell.strip() for cell in line("digits", table).strip("|").split("|")]
    assert cells[:4] == ["digits", "2", "60", "1"]
    assert cells[4:7] == ["0.5", "1.5", "4"]
