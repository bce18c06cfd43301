"""Stored data sets: in the device's memory if they are small, otherwise read from their files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from densearch.plugins.shape import InputShape
from service.datasets.store.encoded import EncodedSamples
from service.datasets.store.reader import SPLITS, AnySamples, Samples, StoredDataset, open_stored
from workers.training.data.cropped import CroppedRows
from workers.training.data.labelled import (
    HeldRows,
    LabelledDataset,
    LabelledSplit,
    MappedRows,
    Rows,
)
from workers.training.data.patched import PatchDataset, standardising
from workers.training.data.patches import HeldImages, Images, MappedImages, PatchSource
from workers.training.data.scaling import (
    BYTE_MAX,
    Scale,
    Scaling,
    figures,
    standardisation,
    unit_range,
)
from workers.training.data.targets import Targets

# A payload names a stored set by its content: "stored:<sha256>" (`service.studies.payloads`).
PREFIX = "stored:"


def stored_labelled(
    name: str,
    device: torch.device,
    data_dir: str | None,
    held_bytes: int,
    size_px: int | None = None,
) -> LabelledDataset:
    """Open a stored set with labels.

    Args:
        name: "stored:<sha256>".
        device: Where batches go.
        data_dir: Where the stored sets lie.
        held_bytes: How large a set may be that is kept on the device as a whole.
        size_px: Side of what is cut out of images that are stored as they came.

    Raises:
        DamagedDatasetError: Its files are missing, or are not what they should be.
        ValueError: It has no labels, samples of several sizes, or an empty split.
    """
    found = _open(name, data_dir)
    if found.labels is None:
        raise ValueError(f"{name} has no labels: it is {found.kind}")
    if isinstance(found.inputs, EncodedSamples):
        if size_px is None:
            raise ValueError(f"the images of {name} are stored as they came: give size_px")
        shape = InputShape(int(found.inputs.shapes[0, 0]), size_px, 2)
    else:
        if size_px is not None:
            raise ValueError(f"size_px is of images that are stored as they came, not of {name}")
        shape = _shape(name, found.inputs)
    scale = standardisation(figures(found.inputs, found.rows("train")), shape.n_dims, device)
    is_held = found.inputs.nbytes <= held_bytes
    splits = {
        split: LabelledSplit(
            _rows(found, split, device, size_px, is_held=is_held),
            _labels(found, split, device),
            scale,
            _groups(found, split),
        )
        for split in SPLITS
    }
    n_outputs = len(found.manifest["classes"])
    return LabelledDataset(splits, shape, n_outputs, is_cropped=size_px is not None)


def _shape(name: str, inputs: Samples) -> InputShape:
    sides = inputs.shapes[0, 1:]
    if bool((inputs.shapes[:, 1:] != sides).any()):
        raise ValueError(f"the samples of {name} differ in size: store them in one size")
    return InputShape(int(inputs.shapes[0, 0]), int(sides.min()), len(sides))


def stored_patches(
    name: str,
    device: torch.device,
    data_dir: str | None,
    held_bytes: int,
    targets: Targets | None = None,
) -> PatchDataset:
    """Open a stored set for patches of its inputs, or of its inputs and targets.

    Args:
        name: "stored:<sha256>".
        device: Where batches go.
        data_dir: Where the stored sets lie.
        held_bytes: How large a set may be that is kept on the device as a whole.
        targets: What is made of the targets; None where they are not wanted.

    Raises:
        DamagedDatasetError: Its files are missing, or are not what they should be.
        ValueError: It has no targets, or an empty split.
    """
    found = _open(name, data_dir)
    parts: list[AnySamples] = [found.inputs]
    if targets is not None:
        if found.targets is None:
            raise ValueError(f"{name} has no targets: it is {found.kind}")
        parts.append(found.targets)
    scales: list[Scale] = [*_unit_ranges(parts, found, device)]
    n_channels = tuple(int(part.shapes[0, 0]) for part in parts)
    n_outputs = n_channels[-1]
    if targets is not None:
        scales[-1] = targets.scale(scales[-1])
        n_outputs = targets.n_outputs(len(found.manifest["classes"]), n_outputs)
    is_held = sum(part.nbytes for part in parts) <= held_bytes
    splits = {
        split: PatchSource(
            [_images(part, found, split, device, is_held=is_held) for part in parts],
            scales,
            _groups(found, split),
        )
        for split in SPLITS
    }
    inputs = [parts[0] for parts in splits["train"].crops()]
    return PatchDataset(
        splits,
        n_dims=inputs[0].dim() - 2,
        n_channels=n_channels,
        n_outputs=n_outputs,
        validation_crops=splits["validation"].crops,
        normalise=standardising(inputs),
    )


def _open(name: str, data_dir: str | None) -> StoredDataset:
    if data_dir is None:
        raise ValueError(f"{name} lies in a data directory, but none is given")
    found = open_stored(data_dir, name.removeprefix(PREFIX))
    for split in SPLITS:
        if len(found.rows(split)) == 0:
            raise ValueError(f"{name} has no samples in its split {split}")
    return found


def _rows(
    found: StoredDataset,
    split: str,
    device: torch.device,
    size_px: int | None,
    *,
    is_held: bool,
) -> Rows:
    rows = found.rows(split)
    if isinstance(found.inputs, EncodedSamples):
        return CroppedRows(str(found.inputs.folder), int(size_px or 0), rows, device)
    if not is_held:
        return MappedRows(found.inputs, rows, device)
    values = found.inputs.values.reshape(len(found.inputs), *found.inputs.shapes[0])
    return HeldRows(torch.from_numpy(values[rows]).to(device))


def _labels(found: StoredDataset, split: str, device: torch.device) -> Tensor:
    labels = np.asarray(found.labels)[found.rows(split)]
    # Several labels are compared with probabilities.
    return torch.from_numpy(labels if labels.ndim == 1 else labels.astype(np.float32)).to(device)


def _groups(found: StoredDataset, split: str) -> Tensor | None:
    if found.groups is None:
        return None
    return torch.from_numpy(found.groups[found.rows(split)].astype(np.int64))


def _unit_ranges(
    parts: Sequence[AnySamples], found: StoredDataset, device: torch.device
) -> list[Scaling]:
    """Bring bytes to [0, 1] by 255, and other values by the range that inputs and targets share.

    So the difference between a target and its input keeps its meaning.
    """
    rows = found.rows("train")
    others = [figures(part, rows) for part in parts if part.dtype != np.uint8]
    low = min((of_part.least for of_part in others), default=0.0)
    high = max((of_part.greatest for of_part in others), default=1.0)
    shared = unit_range(low, high, device)
    of_bytes = unit_range(0, BYTE_MAX, device)
    return [of_bytes if part.dtype == np.uint8 else shared for part in parts]


def _images(
    part: AnySamples, found: StoredDataset, split: str, device: torch.device, *, is_held: bool
) -> Images:
    rows = found.rows(split)
    if not is_held:
        return MappedImages(part, rows, device)
    return HeldImages([np.asarray(part[int(row)]) for row in rows], device)
