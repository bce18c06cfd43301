"""Stored sets that are made here, as an import writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.samples import Sample, Source
from service.datasets.splits import SplitPlan
from service.datasets.stored import Kind, folder_of
from service.datasets.writing import write

Arrays = Sequence[NDArray[Any]] | NDArray[Any]


def store(
    data_dir: Path,
    inputs: Arrays,
    targets: Arrays | None = None,
    labels: Sequence[int] | NDArray[Any] | None = None,
    classes: Sequence[str] = (),
) -> str:
    """Store arrays of shape (C, *sides) and return what a payload calls the set."""
    kind: Kind = "unlabelled" if targets is None else "pairs"
    if labels is not None:
        kind = "labelled" if np.ndim(labels) == 1 else "multilabel"
    samples = (
        Sample(
            f"s{i}",
            values,
            target=None if targets is None else targets[i],
            label=None if labels is None else labels[i],
        )
        for i, values in enumerate(inputs)
    )
    source = Source(kind, inputs[0].ndim - 1, samples, classes)
    work = data_dir / "datasets" / "work"
    work.mkdir(parents=True)
    written = write(source, work, SplitPlan(), max_bytes=10**8)
    work.rename(folder_of(data_dir, written.sha256))
    return f"stored:{written.sha256}"
