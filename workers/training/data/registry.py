"""The data sets by name: the built-in ones, those that are stored, and those of packages.

`service.tasks.kinds` names the loader of each built-in set: of labelled samples, a function
without arguments that returns `Arrays`; of patches, a function of the device that returns a
`PatchDataset`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pkgutil import resolve_name
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from densearch.plugins.shape import InputShape
from service.tasks.kinds import TRAINED
from workers.training.data.labelled import HeldRows, LabelledDataset, LabelledSplit
from workers.training.data.patched import PatchDataset
from workers.training.data.plugin import own_labelled, own_patches
from workers.training.data.scaling import Scaling
from workers.training.data.stored import PREFIX, stored_labelled, stored_patches
from workers.training.data.subset import Subset
from workers.training.data.targets import targets_of
from workers.training.device_memory import held_bytes, memory_of

# From the labels of samples to their sources, of the sets whose samples are pieces of few
# photographs: a texture is one photograph, a mosaic has pieces of all three.
SOURCES: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {"textures": Tensor.long, "mosaics": lambda labels: torch.zeros(len(labels)).long()}
)
# Each split's samples, (N, *sides), and labels.
Arrays = Mapping[str, tuple[NDArray[np.float32], NDArray[Any]]]

# On a CPU, stored sets of more bytes of values than this stay in their files, and batches are read
# from there; on a GPU its memory says how many.
HELD_BYTES = 2**30
# So many sets of each sort stay in a worker's memory, which it shares with its neighbours.
KEPT = 3


@lru_cache(maxsize=KEPT)
def labelled_dataset(
    kind: str,
    name: str,
    device: torch.device,
    data_dir: str | None = None,
    size_px: int | None = None,
    part: Subset | None = None,
) -> LabelledDataset:
    """Load a set of labelled samples onto a device, where the last used ones stay.

    Args:
        kind: Of task, whose data have labels.
        name: Of a built-in set, of a package's own, or "stored:<sha256>".
        device: Where batches are wanted.
        data_dir: Where the stored sets lie.
        size_px: Side of what is cut out of images that are stored as they came.
        part: What is trained on; all if None.

    Raises:
        ValueError: No set of that kind has that name, a stored one does not fit, or there is no
            such subset.
    """
    if part is not None:
        whole = labelled_dataset(kind, name, device, data_dir, size_px, None)
        return part.of_labelled(whole)
    if size_px is not None and not name.startswith(PREFIX):
        raise ValueError(f"size_px is of images that are stored as they came, not of {name}")
    if name in TRAINED[kind].sets:
        return _built_in(resolve_name(TRAINED[kind].sets[name])(), device, SOURCES.get(name))
    if not name.startswith(PREFIX):
        return own_labelled(kind, name, device)
    found = stored_labelled(name, device, data_dir, held_bytes_on(device), size_px)
    n_axes = 2 if TRAINED[kind].data == "labels" else 1
    if found.splits["train"].labels.dim() != n_axes:
        raise ValueError(f"the labels of {name} are not those of a {kind}")
    return found


def held_bytes_on(device: torch.device) -> int:
    """Return up to how many bytes a stored set is held in a device's memory."""
    return held_bytes(memory_of(device), HELD_BYTES)


def _built_in(
    arrays: Arrays, device: torch.device, source_of: Callable[[Tensor], Tensor] | None
) -> LabelledDataset:
    samples, labels = arrays["train"]
    scale = Scaling(
        *(torch.tensor(float(x), device=device) for x in (samples.mean(), samples.std()))
    )
    splits = {
        split: LabelledSplit(
            HeldRows(torch.from_numpy(values[:, None]).to(device)),
            torch.from_numpy(of_them).to(device),
            scale,
            None if source_of is None else source_of(torch.from_numpy(of_them)),
        )
        for split, (values, of_them) in arrays.items()
    }
    n_outputs = labels.shape[1] if labels.ndim == 2 else int(labels.max()) + 1
    sides = samples.shape[1:]
    return LabelledDataset(splits, InputShape(1, min(sides), len(sides)), n_outputs)


@lru_cache(maxsize=KEPT)
def patch_dataset(
    kind: str,
    name: str,
    device: torch.device,
    data_dir: str | None = None,
    part: Subset | None = None,
) -> PatchDataset:
    """Load a set of which patches are taken onto a device, where the last used ones stay.

    Args:
        kind: Of task, whose data are plain samples or pairs.
        name: Of a built-in set, of a package's own, or "stored:<sha256>".
        device: Where batches are wanted.
        data_dir: Where the stored sets lie.
        part: What patches are taken of in training; all samples if None.

    Raises:
        ValueError: No set of that kind has that name, a stored one does not fit, or there is no
            such subset.
    """
    if part is not None:
        return part.of_patches(patch_dataset(kind, name, device, data_dir, None))
    row = TRAINED[kind]
    if name in row.sets:
        found: PatchDataset = resolve_name(row.sets[name])(device)
        return found
    targets = targets_of(kind)
    if not name.startswith(PREFIX):
        return own_patches(kind, name, device, targets)
    return stored_patches(name, device, data_dir, held_bytes_on(device), targets)
