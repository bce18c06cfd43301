"""Labelled signals in the text files of the UCR and UEA archive, for a data set of arrays.

A file has lines that begin with "@" or "#", then a signal a line: its channels and its class,
parted by colons; the values of a channel are parted by commas.

Source: the format of sktime and aeon, "ts".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Of the archive's training signals of each class, every third guides the searches.
_EVERY = 3


def arrays_of(train: str, test: str) -> Mapping[str, NDArray[np.generic]]:
    """Return the arrays of a data set: the archive's split, a third of train for validation.

    Args:
        train: Text of the training file.
        test: Text of the test file.

    Returns:
        `inputs` (N, channels, length) float32, `labels` (N,) whole numbers in the order of the
        classes' names, `classes` their names, `splits` (N,).

    Raises:
        ValueError: A signal has another shape than the first, or no class.
    """
    parsed = [(split, *one) for split, text in (("train", train), ("test", test))
              for one in _signals(text)]  # fmt: skip
    names = sorted({label for _, _, label in parsed})
    seen = dict.fromkeys(names, 0)
    splits = []
    for split, _, label in parsed:
        seen[label] += split == "train"
        is_third = split == "train" and seen[label] % _EVERY == 2
        splits.append("validation" if is_third else split)
    shapes = {values.shape for _, values, _ in parsed}
    if len(shapes) != 1:
        raise ValueError(f"signals of {len(shapes)} shapes: one is needed")
    return {
        "inputs": np.stack([values for _, values, _ in parsed]),
        "labels": np.array([names.index(label) for _, _, label in parsed]),
        "classes": np.array(names),
        "splits": np.array(splits),
    }


def write(path: Path, train: Path, test: Path) -> None:
    """Write the data set of two files as .npz.

    Raises:
        OSError: A file cannot be read.
        ValueError: See `arrays_of`.
    """
    texts = (own.read_text(encoding="utf-8") for own in (train, test))
    np.savez_compressed(path, allow_pickle=False, **arrays_of(*texts))


def _signals(text: str) -> list[tuple[NDArray[np.float32], str]]:
    found = []
    for line in text.splitlines():
        if not line.strip() or line.startswith(("@", "#")):
            continue
        *channels, label = line.strip().split(":")
        if not channels:
            raise ValueError("a line has no class")
        values = [[float(value) for value in channel.split(",")] for channel in channels]
        if len({len(channel) for channel in values}) != 1:
            raise ValueError("the channels of a signal differ in length")
        found.append((np.array(values, np.float32), label.strip()))
    return found
