"""Sources of small samples, written without a file of any format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.datasets.faults import Faults
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import Limits
from service.datasets.splits import SplitPlan
from service.datasets.writer import Written, write

OWN_SPLITS = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2
Images = list[NDArray[np.uint8]]
SIDES = [(3, 5), (4, 4), (7, 2), (3, 3), (6, 5), (5, 5), (4, 6), (3, 9), (8, 3), (4, 5)]


def images(n_channels: int = 3, seed: int = 0) -> Images:
    """Return ten images of different sizes, (C, H, W)."""
    random = np.random.default_rng(seed)
    return [random.integers(0, 256, (n_channels, *sides), dtype=np.uint8) for sides in SIDES]


def labelled(
    arrays: Images, groups: Sequence[str | None] | None = None, *, splits: bool = False
) -> Source:
    """Return a source of cats and dogs by turns, which may have groups, and splits of its own."""
    group_of = groups or [None] * len(arrays)

    def samples() -> Iterator[Sample]:
        for index, values in enumerate(arrays):
            split = OWN_SPLITS[index] if splits else None
            yield Sample(f"s{index}", values, label=index % 2, group=group_of[index], split=split)

    return Source("labelled", 2, samples(), classes=("cat", "dog"))


def pairs(inputs: Images, targets: Images) -> Source:
    """Return a source of pairs."""
    both = zip(inputs, targets, strict=True)
    samples = (Sample(f"s{i}", values, target=target) for i, (values, target) in enumerate(both))
    return Source("pairs", 2, samples)


def written(source: Source, folder: Path, seed: int = 0) -> Written:
    """Write a source into a folder that is made."""
    folder.mkdir(parents=True)
    return write(source, folder, SplitPlan(seed=seed), Limits(10**8), Faults())
