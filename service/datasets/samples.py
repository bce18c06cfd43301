"""What a reader of a format yields, whatever the format."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.sources.conversion import Conversion
from service.datasets.store.encoded import EncodedImage
from service.datasets.store.reader import Kind, Values

Content = Values | EncodedImage


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One sample.

    Attributes:
        name: Of the file, or of the place in an array; for messages, and the key of its group.
        values: (C, *sides), uint8 or float32; or an image as it came.
        target: The target of a pair, (C, *sides).
        label: Index of its class, or (n_labels,) of 0 and 1.
        group: Samples of one group are never divided among splits.
        split: The split that its source gives; None where it is to be drawn.
    """

    name: str
    values: Content
    target: Values | None = None
    label: int | NDArray[np.uint8] | None = None
    group: str | None = None
    split: str | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """A file or folder that was recognised and can be read, once, sample by sample.

    Attributes:
        kind: What its targets are.
        n_dims: Spatial axes of a sample.
        samples: Yields the samples in an order that depends on their content and names alone.
        classes: Names of the classes or labels.
        left_out: Names of the files that are no samples and were passed over.
        is_encoded: Whether the samples are images as they came.
        convert: What these are converted to when they are decoded.
        notes: How something was read that can be meant in two ways, a sentence each.
        n_samples: How many there are to read, those with faults included; None if not known.
    """

    kind: Kind
    n_dims: int
    samples: Iterator[Sample]
    classes: Sequence[str] = ()
    left_out: Sequence[str] = field(default=())
    is_encoded: bool = False
    convert: Conversion | None = None
    notes: Sequence[str] = field(default=())
    n_samples: int | None = None


@contextmanager
def closed(items: Iterator[Any]) -> Iterator[None]:
    """Close a generator with the block, so that what it reads from is not closed before it."""
    try:
        yield
    finally:
        if isinstance(items, Generator):
            items.close()
