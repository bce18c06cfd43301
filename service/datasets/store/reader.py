"""Read stored data sets, as a training does. NumPy and the standard library.

A set is the folder ``DATA_DIR/datasets/<sha256>``; docs/datasets.md describes its files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.datasets.store.array_files import (
    DamagedDatasetError,
    UnseenDatasetError,
    load,
    load_shapes,
    require,
)
from service.datasets.store.encoded import EncodedSamples, is_encoded
from service.datasets.store.group_files import GroupNumbers, is_grouped, load_groups

# Programs that know no encoded images read version 1 alone, those that know no groups 1 and 2.
VERSION, VERSION_ENCODED, VERSION_GROUPED = 1, 2, 3
FOLDER = "datasets"
MANIFEST, PREVIEW = "manifest.json", "preview.png"
# What `splits.npy` holds is the index of the name.
SPLITS = ("train", "validation", "test")

# In a mask of class numbers, a pixel of no class: it is neither trained on nor judged.
IGNORED = 255
# The last layer of a network has an output for each.
MAX_CLASSES = 10_000

Kind = Literal["labelled", "multilabel", "pairs", "unlabelled"]
KINDS: tuple[Kind, ...] = ("labelled", "multilabel", "pairs", "unlabelled")
Numbers = NDArray[np.int64]
# Bytes of images, 0 to 255, or values as they are.
Values = NDArray[np.uint8] | NDArray[np.float32]


def folder_of(data_dir: Path | str, sha256: str) -> Path:
    """Return the folder of a stored set."""
    return Path(data_dir) / FOLDER / sha256


@dataclass(frozen=True, eq=False)
class Samples:
    """Arrays of any sizes, one after another in one flat file that is read as it is needed.

    Attributes:
        values: (total,), uint8 or float32, a memory map.
        shapes: (N, 1 + n_dims), channels first, then the sides.
        starts: (N + 1,), where each sample begins; the last is the total.
    """

    values: Values
    shapes: Numbers
    starts: Numbers

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return self.values.dtype

    @property
    def nbytes(self) -> int:
        """Of all values."""
        return self.values.nbytes

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.shapes)

    def __getitem__(self, index: int) -> Values:
        """Return sample `index` as a view of the file, (C, *sides)."""
        start, end = self.starts[index], self.starts[index + 1]
        return self.values[start:end].reshape(self.shapes[index])


AnySamples = Samples | EncodedSamples


@dataclass(frozen=True, eq=False)
class StoredDataset:
    """A stored set that was opened and checked.

    Attributes:
        manifest: What `manifest.json` says.
        inputs: What networks are given.
        targets: What they are to return, for pairs; else None.
        labels: (N,) int64 classes, or (N, n_labels) uint8 of 0 and 1; else None.
        splits: (N,), indices in `SPLITS`.
        groups: (N,), samples with the same number come from one source; None where each is one.
    """

    manifest: Mapping[str, Any]
    inputs: AnySamples
    targets: Samples | None
    labels: NDArray[Any] | None
    splits: NDArray[np.int8]
    groups: GroupNumbers | None = None

    @property
    def kind(self) -> Kind:
        """What its targets are."""
        kind: Kind = self.manifest["kind"]
        return kind

    def rows(self, split: str) -> NDArray[np.intp]:
        """Return the sorted numbers of a split's samples."""
        return np.flatnonzero(self.splits == SPLITS.index(split))

    def least_px(self) -> dict[str, int]:
        """Return the smallest side of each split's smallest sample."""
        sides = self.inputs.shapes[:, 1:].min(axis=1)
        return {split: int(sides[self.rows(split)].min()) for split in SPLITS}

    def sample(self, index: int) -> Values:
        """Return the input of a sample, (C, *sides): bytes for images, else values."""
        return self.inputs[index]

    def target(self, index: int) -> Values:
        """Return the target of a sample of pairs, (C, *sides).

        Raises:
            ValueError: The set has none.
        """
        if self.targets is None:
            raise ValueError(f"a set of kind {self.kind} has no target arrays")
        return self.targets[index]


def open_stored(data_dir: Path | str, sha256: str) -> StoredDataset:
    """Open a stored set. Its values stay on disk until they are read.

    Raises:
        UnseenDatasetError: Its folder is not on this machine.
        DamagedDatasetError: A file is missing, or is not what the manifest says.
    """
    folder = folder_of(data_dir, sha256)
    try:
        if not folder.is_dir():
            raise UnseenDatasetError(folder, "is not there")
    except OSError as error:
        raise UnseenDatasetError(folder, f"cannot be read ({error.strerror})") from error
    return open_folder(folder)


def is_whole(folder: Path) -> bool:
    """Whether a folder holds a stored set whose files agree."""
    try:
        open_folder(folder)
    except DamagedDatasetError:
        return False
    return (folder / PREVIEW).is_file()


def open_folder(folder: Path) -> StoredDataset:
    """Open the stored set in a folder; see `open_stored`."""
    try:
        return _opened(folder, _manifest(folder))
    except (KeyError, TypeError) as error:
        path = folder / MANIFEST
        raise DamagedDatasetError(f"{path} lacks {error}: store the set again") from error


def _opened(folder: Path, manifest: dict[str, Any]) -> StoredDataset:
    kind, n_axes = manifest["kind"], 1 + int(manifest["n_dims"])
    inputs = _inputs(folder, manifest, n_axes)
    n, targets, labels = len(inputs), None, None
    if kind == "pairs":
        dtype = np.dtype(manifest["target_dtype"])
        targets = _samples(folder, "targets", "target_shapes", dtype, n_axes)
        require(len(targets) == n, folder / "target_shapes.npy", f"{n} rows")
    elif kind == "labelled":
        labels = _labels(folder, n, len(manifest["classes"]))
    elif kind == "multilabel":
        labels = load(folder, "labels", np.dtype(np.uint8))
        wanted = (n, len(manifest["classes"]))
        require(labels.shape == wanted, folder / "labels.npy", f"the shape {wanted}")
    splits = load(folder, "splits", np.dtype(np.int8))
    require(splits.shape == (n,), folder / "splits.npy", f"{n} rows")
    groups = load_groups(folder, manifest, n)
    return StoredDataset(manifest, inputs, targets, labels, splits, groups)


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DamagedDatasetError(
            f"{path} cannot be read ({error}): store the set again"
        ) from error
    require(isinstance(found, dict), path, "an object")
    wanted = _version_of(found)
    require(found.get("version") == wanted, path, f"version {wanted}")
    require(found.get("kind") in KINDS, path, "a kind that is known")
    return dict(found)


def _version_of(manifest: Mapping[str, Any]) -> int:
    if is_grouped(manifest):
        return VERSION_GROUPED
    return VERSION_ENCODED if is_encoded(manifest) else VERSION


def _inputs(folder: Path, manifest: Mapping[str, Any], n_axes: int) -> AnySamples:
    if is_encoded(manifest):
        return EncodedSamples(folder, manifest["convert"])
    return _samples(folder, "inputs", "shapes", np.dtype(manifest["dtype"]), n_axes)


def _samples(folder: Path, values: str, shapes: str, dtype: np.dtype[Any], n_axes: int) -> Samples:
    flat = load(folder, values, dtype, is_mapped=True)
    sizes = load_shapes(folder, shapes, n_axes)
    starts = np.concatenate([[0], np.cumsum(sizes.prod(axis=1))]).astype(np.int64)
    require(flat.shape == (starts[-1],), folder / f"{values}.npy", f"{starts[-1]} values")
    return Samples(flat, sizes, starts)


def _labels(folder: Path, n: int, n_classes: int) -> Numbers:
    found = load(folder, "labels", np.dtype(np.int64))
    is_good = found.shape == (n,) and bool(((found >= 0) & (found < n_classes)).all())
    require(is_good, folder / "labels.npy", f"{n} classes from 0 to {n_classes - 1}")
    return found
