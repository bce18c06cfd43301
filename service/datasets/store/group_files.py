"""Which samples of a stored set belong together: ``groups.npy``, (N,) int32, a number each.

Samples with the same number come from one source, such as a patient or a photograph. A set without
the file has samples of which each is a source of its own, or was stored by a version that divided
samples by group and did not keep the groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.store.array_files import load, require

GROUPS = "groups"
# In a manifest: the number of groups of each split.
COUNTS = "group_counts"
GroupNumbers = NDArray[np.int32]


def numbered(groups: Sequence[str | None]) -> GroupNumbers | None:
    """Number groups by their first sample, so that their names change nothing.

    Args:
        groups: (N,); None is a group of that sample alone.

    Returns:
        (N,), from 0; None where no group has two samples.
    """
    if all(name is None for name in groups):
        return None
    numbers: dict[str | int, int] = {}
    keys = (row if name is None else name for row, name in enumerate(groups))
    found = [numbers.setdefault(key, len(numbers)) for key in keys]
    return None if len(numbers) == len(found) else np.array(found, dtype=np.int32)


def load_groups(folder: Path, manifest: Mapping[str, Any], n: int) -> GroupNumbers | None:
    """Return the groups of a stored set's `n` samples; None where it has none.

    Raises:
        DamagedDatasetError: The file is missing, or does not fit.
    """
    if not is_grouped(manifest):
        return None
    found: GroupNumbers = load(folder, GROUPS, np.dtype(np.int32))
    require(found.shape == (n,), folder / f"{GROUPS}.npy", f"{n} rows")
    return found


def is_grouped(manifest: Mapping[str, Any]) -> bool:
    """Whether a set's samples have groups."""
    return COUNTS in manifest
