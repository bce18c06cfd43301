"""The data sets by name: the built-in ones, those that are stored, and those of packages.

A new built-in set is one module, a row here, and a row of what the service knows of it
(`service.datasets.info.BUILT_IN`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.training.data import photos
from workers.training.data.digits import load_digits
from workers.training.data.faces import load_faces
from workers.training.data.labelled import HeldRows, LabelledDataset, LabelledSplit
from workers.training.data.mosaics import load_mosaics
from workers.training.data.patched import PatchDataset, standardising
from workers.training.data.patches import HeldImages, PatchSource
from workers.training.data.phantoms import load_phantoms
from workers.training.data.plugin import own_labelled, own_patches
from workers.training.data.scaling import Scaling
from workers.training.data.stored import PREFIX, stored_labelled, stored_patches
from workers.training.data.textures import load_textures
from workers.training.data.waveforms import load_waveforms
from workers.training.device_memory import held_bytes, memory_of
from workers.training.networks.shape import InputShape

# Each split's samples, (N, *sides), and labels.
Arrays = Mapping[str, tuple[NDArray[np.float32], NDArray[Any]]]

_LABELLED: Mapping[str, Mapping[str, Callable[[], Arrays]]] = MappingProxyType(
    {
        "classification": {
            "digits": load_digits,
            "textures": load_textures,
            "faces": load_faces,
            "waveforms": load_waveforms,
        },
        "multilabel": {"mosaics": load_mosaics},
    }
)
# On a CPU, stored sets of more bytes of values than this stay in their files, and batches are read
# from there; on a GPU its memory says how many.
HELD_BYTES = 2**30
# So many sets of each sort stay in a worker's memory, which it shares with its neighbours.
KEPT = 3
# Grey values of photographs in [0, 1] have about this mean and deviation.
_PHOTO_MEAN, _PHOTO_DEVIATION = 0.5, 0.25


@lru_cache(maxsize=KEPT)
def labelled_dataset(
    kind: str,
    name: str,
    device: torch.device,
    data_dir: str | None = None,
    size_px: int | None = None,
) -> LabelledDataset:
    """Load a set of labelled samples onto a device, where the last used ones stay.

    Args:
        kind: "classification" or "multilabel".
        name: Of a built-in set, of a package's own, or "stored:<sha256>".
        device: Where batches are wanted.
        data_dir: Where the stored sets lie.
        size_px: Side of what is cut out of images that are stored as they came.

    Raises:
        ValueError: No set of that kind has that name, or a stored one does not fit.
    """
    if size_px is not None and not name.startswith(PREFIX):
        raise ValueError(f"size_px is of images that are stored as they came, not of {name}")
    if name in _LABELLED[kind]:
        return _built_in(_LABELLED[kind][name](), device)
    if not name.startswith(PREFIX):
        return own_labelled(kind, name, device)
    found = stored_labelled(name, device, data_dir, _held_bytes(device), size_px)
    n_axes = 2 if kind == "multilabel" else 1
    if found.splits["train"].labels.dim() != n_axes:
        raise ValueError(f"the labels of {name} are not those of a {kind}")
    return found


def _held_bytes(device: torch.device) -> int:
    return held_bytes(memory_of(device), HELD_BYTES)


def _built_in(arrays: Arrays, device: torch.device) -> LabelledDataset:
    samples, labels = arrays["train"]
    scale = Scaling(
        *(torch.tensor(float(x), device=device) for x in (samples.mean(), samples.std()))
    )
    splits = {
        split: LabelledSplit(
            HeldRows(torch.from_numpy(values[:, None]).to(device)),
            torch.from_numpy(of_them).to(device),
            scale,
        )
        for split, (values, of_them) in arrays.items()
    }
    n_outputs = labels.shape[1] if labels.ndim == 2 else int(labels.max()) + 1
    sides = samples.shape[1:]
    return LabelledDataset(splits, InputShape(1, min(sides), len(sides)), n_outputs)


@lru_cache(maxsize=KEPT)
def patch_dataset(
    kind: str, name: str, device: torch.device, data_dir: str | None = None
) -> PatchDataset:
    """Load a set of which patches are taken onto a device, where the last used ones stay.

    Args:
        kind: "denoising" or "image_to_image".
        name: Of a built-in set, of a package's own, or "stored:<sha256>".
        device: Where batches are wanted.
        data_dir: Where the stored sets lie.

    Raises:
        ValueError: No set of that kind has that name, or a stored one does not fit.
    """
    if name in _PATCHED[kind]:
        return _PATCHED[kind][name](device)
    if not name.startswith(PREFIX):
        return own_patches(kind, name, device)
    return stored_patches(
        name, device, data_dir, _held_bytes(device), is_paired=kind == "image_to_image"
    )


def _photos(device: torch.device) -> PatchDataset:
    return _of_photos([photos.load_photos], device)


def _blurred_photos(device: torch.device) -> PatchDataset:
    def inputs(split: str) -> list[NDArray[np.float32]]:
        return [photos.blurred(image) for image in photos.load_photos(split)]

    return _of_photos([inputs, photos.load_photos], device)


def _of_photos(
    parts: Sequence[Callable[[str], list[NDArray[np.float32]]]], device: torch.device
) -> PatchDataset:
    loaded = {split: [part(split) for part in parts] for split in photos.SPLITS}
    crops = tuple(
        torch.from_numpy(photos.fixed_crops(images)).to(device) for images in loaded["validation"]
    )
    return PatchDataset(
        {split: _source(of_split, device) for split, of_split in loaded.items()},
        n_dims=2,
        n_channels=(1,) * len(parts),
        validation_crops=lambda: [crops],
        normalise=Scaling(
            torch.tensor(_PHOTO_MEAN, device=device), torch.tensor(_PHOTO_DEVIATION, device=device)
        ),
    )


def _phantoms(device: torch.device) -> PatchDataset:
    splits = {split: _source([volumes], device) for split, volumes in load_phantoms().items()}
    inputs = [part for (part,) in splits["train"].crops()]
    return PatchDataset(splits, 3, (1,), splits["validation"].crops, standardising(inputs))


_PATCHED: Mapping[str, Mapping[str, Callable[[torch.device], PatchDataset]]] = MappingProxyType(
    {
        "denoising": {"photos": _photos, "phantoms": _phantoms},
        "image_to_image": {"blurred_photos": _blurred_photos},
    }
)


def _source(parts: Sequence[Sequence[NDArray[np.float32]]], device: torch.device) -> PatchSource:
    held = [HeldImages([image[None] for image in images], device) for images in parts]
    return PatchSource(held, [_as_they_are] * len(held))


def _as_they_are(values: Tensor) -> Tensor:
    return values
