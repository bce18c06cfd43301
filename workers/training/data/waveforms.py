"""Waveforms: generated signals of three classes, whose least possible error is known.

Each signal is a random mixture of two of three triangles, with noise of deviation 1. The best
possible classifier is wrong on 14 %.

Source: L. Breiman, J. Friedman, R. Olshen and C. Stone, "Classification and Regression Trees",
1984, section 2.6.2. The Bayes error is that of their page 54, which
tests/integration/workers/training/data/waveforms_test.py finds again from the densities.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

N_SAMPLES = {"train": 3000, "validation": 1000, "test": 1000}
LENGTH = 21
_SEED = 20250524
_CENTRES, _HEIGHT = (7, 11, 15), 6
# Which two of the centres each class mixes: the middle one with the right, with the left, or both
# outer ones.
MIXED = ((1, 2), (1, 0), (0, 2))


def triangles() -> NDArray[np.float64]:
    """Return the three triangles, (3, 21), in the order of their centres."""
    coordinates = np.arange(1, LENGTH + 1)
    return np.array(
        [np.maximum(_HEIGHT - abs(coordinates - centre), 0) for centre in _CENTRES], float
    )


def load_waveforms() -> dict[str, tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Return each split's signals (N, 21) and labels (N,), 0 to 2, every class as likely."""
    drawn = np.random.default_rng(_SEED)
    return {split: _draw(n, drawn) for split, n in N_SAMPLES.items()}


def _draw(n: int, random: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    labels = random.integers(len(MIXED), size=n)
    first, second = np.array(MIXED)[labels].T
    shapes, share = triangles(), random.random((n, 1))
    signals = share * shapes[first] + (1 - share) * shapes[second]
    return (signals + random.standard_normal(signals.shape)).astype(np.float32), labels
