"""Reads squares of images in their original files, with NumPy and Pillow, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.datasets.store.array_files import DamagedDatasetError
from service.datasets.store.encoded import EncodedSamples
from service.datasets.store.reader import open_folder
from workers.training.data.cropping import middle_boxes, random_boxes

Squares = NDArray[np.uint8]


class ReaderLostError(RuntimeError):
    """Processes that read images died repeatedly; the machine may be the cause."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request for squares of some images of a set.

    Attributes:
        folder: Folder of the stored set.
        side: Side of the squares, px.
        rows: The images' indices in the set.
        key: The epoch's key, from which boxes are drawn; None for centre boxes.
        flips: Whether images are mirrored with probability 1/2.
    """

    folder: str
    side: int
    rows: Sequence[int]
    key: int | None = None
    flips: bool = False


def read(wanted: Wanted) -> Squares:
    """Return the squares, (B, C, side, side).

    Raises:
        DamagedDatasetError: The set's files are missing, or are not what they were.
    """
    try:
        return _read(wanted)
    except DamagedDatasetError:
        opened.cache_clear()  # storing the set again replaces its files
        raise


def _read(wanted: Wanted) -> Squares:
    samples = opened(wanted.folder)
    rows = np.asarray(wanted.rows, dtype=np.int64)
    sizes = samples.shapes[rows, 1:]
    boxes, is_turned = middle_boxes(sizes), np.zeros(len(rows), dtype=bool)
    if wanted.key is not None:
        drawn, is_turned = random_boxes(wanted.key, rows, sizes)
        boxes, is_turned = drawn.astype(np.float64), is_turned & wanted.flips
    squares = np.empty(
        (len(rows), int(samples.shapes[0, 0]), wanted.side, wanted.side), dtype=np.uint8
    )
    for index, (row, box) in enumerate(zip(wanted.rows, boxes.tolist(), strict=True)):
        found = samples.resized(row, tuple(box), wanted.side)
        squares[index] = found[..., ::-1] if is_turned[index] else found
    return squares


@lru_cache(maxsize=2)
def opened(folder: str) -> EncodedSamples:
    """Return the images of a stored set; the last ones stay open.

    Raises:
        DamagedDatasetError: See `read`.
    """
    found = open_folder(Path(folder)).inputs
    if not isinstance(found, EncodedSamples):
        raise DamagedDatasetError(f"{folder} holds no images as they came: store the set again")
    return found
