"""Waveforms: their Bayes error is that of the book."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from workers.training.data import waveforms


def test_the_least_error_of_waveforms_is_that_of_the_book() -> None:
    """0.14 on page 54: a classifier that knows the densities, on the generated signals."""
    signals, labels = waveforms.load_waveforms()["train"]
    shares, weights = np.polynomial.legendre.leggauss(64)
    shares, weights = (shares + 1) / 2, weights / 2
    coordinates = np.arange(1, 22)
    triangle = {c: np.maximum(6 - abs(coordinates - c), 0) for c in (7, 11, 15)}
    scores = []
    # The classes of the book: h1 has its top at 11, h2 at 15, h3 at 7.
    for one, other in ((11, 15), (11, 7), (15, 7)):
        means = shares[:, None] * triangle[one] + (1 - shares[:, None]) * triangle[other]
        squares = ((signals[:, None].astype(float) - means) ** 2).sum(axis=2)
        scores.append(logsumexp(-squares / 2, axis=1, b=weights))
    error = float((np.argmax(scores, axis=0) != labels).mean())
    # Three standard deviations of 3000 draws.
    assert error == pytest.approx(0.14, abs=3 * np.sqrt(0.14 * 0.86 / 3000))
