"""Stored sets that are made here, as an import writes them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.datasets.faults import Faults
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import Limits
from service.datasets.splits import SplitPlan
from service.datasets.store.encoded import IMAGES, EncodedImage
from service.datasets.store.reader import Kind, folder_of
from service.datasets.writer import write
from workers.training.data.stored import PREFIX

# Noise looks like no photograph: images are made of blocks of this size.
BLOCK_PX = 8
# Of samples of 1, 2 and 3 axes.
SIDES = {1: (24,), 2: (20, 18), 3: (16, 17, 18)}
Arrays = Sequence[NDArray[Any]] | NDArray[Any]


def noise(n: int, n_channels: int, n_dims: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return samples of shape (n, n_channels, *SIDES[n_dims])."""
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (n, n_channels, *SIDES[n_dims]), dtype=np.uint8)


def store(
    data_dir: Path,
    inputs: Arrays,
    targets: Arrays | None = None,
    labels: Sequence[int] | NDArray[Any] | None = None,
    classes: Sequence[str] = (),
    groups: Sequence[str] | None = None,
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
            group=None if groups is None else groups[i],
        )
        for i, values in enumerate(inputs)
    )
    return _written(data_dir, Source(kind, inputs[0].ndim - 1, samples, classes))


def blocks(
    n: int, least_px: int = 20, most_px: int = 60, form: str = "JPEG"
) -> tuple[list[EncodedImage], list[int]]:
    """Return image files of several sizes of two classes: dark ones and bright ones."""
    random = np.random.default_rng(0)
    files, labels = [], [index % 2 for index in range(n)]
    for label in labels:
        height, width = random.integers(least_px, most_px, 2).tolist()
        few = random.integers(0, 128, (-(-height // BLOCK_PX), -(-width // BLOCK_PX), 3))
        image = Image.fromarray((few + 127 * label).astype(np.uint8)).resize((width, height))
        buffer = io.BytesIO()
        image.save(buffer, form)
        files.append(EncodedImage(buffer.getvalue(), (3, height, width)))
    return files, labels


def store_images(
    data_dir: Path,
    files: Sequence[EncodedImage],
    labels: Sequence[int] | NDArray[Any],
    classes: Sequence[str] = ("dark", "bright"),
    groups: Sequence[str | None] | None = None,
) -> str:
    """Store image files as they are and return what a payload calls the set."""
    kind: Kind = "labelled" if np.ndim(labels) == 1 else "multilabel"
    group_of = groups or [None] * len(files)
    samples = (
        Sample(f"{i}", one, label=labels[i], group=group_of[i]) for i, one in enumerate(files)
    )
    return _written(data_dir, Source(kind, 2, samples, classes, is_encoded=True))


def store_damaged(data_dir: Path, how: str) -> str:
    """Store a set and damage its images; the whole ones are kept in `whole` in the same folder."""
    name = store_images(data_dir, *blocks(20))
    path = folder_of(data_dir, name.removeprefix(PREFIX)) / IMAGES
    content = bytearray(path.read_bytes())
    (path.parent / "whole").write_bytes(content)
    if how == "cut off":
        del content[-1]
    else:
        content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return name


def _written(data_dir: Path, source: Source) -> str:
    work = data_dir / "datasets" / "work"
    work.mkdir(parents=True)
    written = write(source, work, SplitPlan(), Limits(10**8), Faults())
    work.rename(folder_of(data_dir, written.sha256))
    return f"stored:{written.sha256}"
