"""Nested subsets of a training split: the first samples of one order, which a seed draws.

A subset of 500 samples is part of that of 2,000 with the same seed. Where samples have classes,
each subset has them in the proportions of the whole, as Webster's method rounds them: it is the
one divisor method that favours neither large nor small classes, and its seats are nested.

Source: M. L. Balinski, H. P. Young, "Fair Representation", 1982. NumPy alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


def subset(n: int, seed: int, n_samples: int, classes: NDArray[Any] | None = None) -> Rows:
    """Return the sorted rows of a subset.

    Args:
        n: Its size, 1 to `n_samples`.
        seed: Draws the order, at least 0.
        n_samples: Of the whole split.
        classes: (n_samples,), whole numbers; None without.

    Raises:
        ValueError: The subset is empty or larger than the whole, or has no sample of a class of
            which the whole has some.
    """
    if not 1 <= n <= n_samples:
        raise ValueError(f"a subset of {n} samples of {n_samples}: use 1 to {n_samples}")
    if classes is None:
        return np.sort(np.random.default_rng(seed).permutation(n_samples)[:n])
    least = least_size(np.bincount(classes).tolist())
    if n < least:
        raise ValueError(f"{n} samples would leave a class without any: use at least {least}")
    return np.sort(_stratified_order(classes, seed)[:n])


def _stratified_order(classes: NDArray[Any], seed: int) -> Rows:
    """Return all rows, so that every beginning has the classes in proportion.

    The samples of a class of N are put at (k + 1/2) / N for k = 0 to N - 1, in random order; of
    equal ones the lower class comes first.
    """
    random = np.random.default_rng(seed)
    positions = np.empty(len(classes))
    for label in np.unique(classes):
        rows = random.permutation(np.flatnonzero(classes == label))
        positions[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return np.lexsort((classes, positions))


def least_size(counts: Sequence[int]) -> int:
    """Return the least size of a subset that has a sample of each class.

    Args:
        counts: Samples of each class in the whole, of one at least; those without any are passed
            over.
    """
    smallest = min(n for n in counts if n > 0)
    last = max(label for label, n in enumerate(counts) if n == smallest)
    size = 0
    for label, n in enumerate(counts):
        # Of the odd numbers 2 k + 1: those below n / smallest, and the equal one in its turn.
        size += ((n - 1) // smallest + 1) // 2 if n > 0 else 0
        is_equal = n > 0 and n % smallest == 0 and (n // smallest) % 2 == 1
        size += int(is_equal and label <= last)
    return size
