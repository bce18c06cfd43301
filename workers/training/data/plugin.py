"""Data sets provided by plug-in packages, checked against their `info`.

A plug-in's `load(task)` returns, for each of `train`, `validation` and `test`,

- for classification: samples (N, C, *sides) and classes (N,), whole numbers from 0;
- for multilabel: samples (N, C, *sides) and labels (N, n_labels), each 0 or 1;
- for denoising: a list of samples (C, *sides), which may differ in size;
- for image_to_image: a list of pairs, an input (C, *sides) and a target (C', *sides).

In place of an array, samples of classes or labels may be any object with `__len__` and
`__getitem__` that gives (C, *sides) by number: they are asked for as they are needed. So may be
the list of a denoising; its samples are all asked for once, for their sizes.

Samples are bytes (uint8), or float32; those that patches are taken of lie about in [0, 1], where
bytes are brought by 255.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from densearch.plugins.shape import InputShape
from service.extensions import entry_points
from service.extensions.entry_points import Plugin, PluginError, called
from service.tasks.kinds import TRAINED
from workers.training.data.labelled import HeldRows, LabelledDataset, LabelledSplit, Rows
from workers.training.data.patched import PatchDataset, standardising
from workers.training.data.patches import HeldImages, MappedImages, PatchSource
from workers.training.data.plugin_faults import (
    Array,
    form_fault,
    labelled_fault,
    labels_fault,
    pairs_fault,
)
from workers.training.data.scaling import (
    BYTE_MAX,
    Scale,
    Scaling,
    figures,
    standardisation,
    unit_range,
)
from workers.training.data.streamed import StreamedRows, StreamedSamples, is_streamed
from workers.training.data.targets import Targets

GROUP = entry_points.DATASETS
SPLITS = ("train", "validation", "test")
# By the form of data, see `service.tasks.kinds`.
_LABELS: Mapping[str, type[np.generic]] = MappingProxyType(
    {"classes": np.int64, "labels": np.float32}
)


def own_labelled(kind: str, name: str, device: torch.device) -> LabelledDataset:
    """Load a plug-in's set of labelled samples onto a device.

    Args:
        kind: Of task, whose data have labels.
        name: The plug-in's.
        device: Where batches are wanted.

    Raises:
        PluginError: No package provides it, it fails, or its arrays contradict its `info`.
    """
    plugin, parts = _loaded(kind, name)
    info = plugin.value.info[kind]
    given = {split: _labelled(plugin, kind, split, parts[split]) for split in SPLITS}
    training = given["train"][0]
    if isinstance(training, StreamedSamples):
        found = figures(training, np.arange(len(training)))
        scale = standardisation(found, info.n_dims, device)
        sides = training.shapes[0, 1:].tolist()
    else:
        scale = standardising([torch.from_numpy(training).to(device)])
        sides = training.shape[2:]
    splits = {
        split: LabelledSplit(
            _rows(samples, device),
            torch.from_numpy(labels.astype(_LABELS[TRAINED[kind].data])).to(device),
            scale,
        )
        for split, (samples, labels) in given.items()
    }
    return LabelledDataset(
        splits, InputShape(info.n_channels, min(sides), info.n_dims), info.n_outputs
    )


def _labelled(
    plugin: Plugin, kind: str, split: str, part: Sequence[Any]
) -> tuple[Array | StreamedSamples, Array]:
    """Return a split's samples and labels, checked against the set's `info`."""
    info, form = plugin.value.info[kind], TRAINED[kind].data
    if is_streamed(part[0]):
        streamed = StreamedSamples(plugin, split, part[0], info)
        (labels,) = _arrays(plugin, split, part[1:])
        _refuse(plugin, split, labels_fault(form, len(streamed), labels, info))
        return streamed, labels
    samples, labels = _arrays(plugin, split, part)
    _refuse(plugin, split, labelled_fault(form, samples, labels, info))
    return samples, labels


def _rows(samples: Array | StreamedSamples, device: torch.device) -> Rows:
    if isinstance(samples, StreamedSamples):
        return StreamedRows(samples, device)
    return HeldRows(torch.from_numpy(samples).to(device))


def own_patches(
    kind: str, name: str, device: torch.device, targets: Targets | None = None
) -> PatchDataset:
    """Load a package's set of which patches are taken onto a device.

    Args:
        kind: Of task, whose data are plain samples or pairs.
        name: The plug-in's.
        device: Where batches are wanted.
        targets: What is made of the targets; None where the data are no pairs.

    Raises:
        PluginError: As `own_labelled`.
    """
    plugin, parts = _loaded(kind, name)
    info = plugin.value.info[kind]
    sources = {}
    for split in SPLITS:
        if targets is None and is_streamed(parts[split]):
            given = StreamedSamples(plugin, split, parts[split], info, is_uniform=False)
            sources[split] = _streamed(given, device)
            continue
        pairs = [
            _arrays(plugin, split, (one,) if targets is None else one) for one in parts[split]
        ]
        _refuse(plugin, split, pairs_fault(pairs, info, targets))
        sources[split] = _source(list(zip(*pairs, strict=True)), device, targets)
    crops = sources["train"].crops()
    n_channels = tuple(part.shape[1] for part in crops[0])
    n_outputs = n_channels[-1]
    return PatchDataset(
        sources,
        n_dims=info.n_dims,
        n_channels=n_channels,
        n_outputs=n_outputs if targets is None else targets.n_outputs(info.n_outputs, n_outputs),
        validation_crops=sources["validation"].crops,
        normalise=standardising([inputs for inputs, *_ in crops]),
    )


def _loaded(kind: str, name: str) -> tuple[Plugin, Mapping[str, Any]]:
    plugin = entry_points.load(GROUP, name)
    if kind not in plugin.value.info:
        raise PluginError(f"{name} of {plugin.package} is not for {kind}")
    parts = called(plugin, "loading its samples", plugin.value.load, kind)
    if not isinstance(parts, Mapping):
        fault = f"load gives a {type(parts).__name__}, not a mapping from splits to samples"
        raise PluginError(f"{name} of {plugin.package}: {fault}")
    form = TRAINED[kind].data
    for split in SPLITS:
        part = parts.get(split)
        if not (form == "plain" and is_streamed(part)):
            _refuse(plugin, split, form_fault(form, part))
    return plugin, parts


def _arrays(plugin: Plugin, split: str, part: Sequence[Any]) -> list[Array]:
    return [called(plugin, f"giving arrays, {split}", np.asarray, one) for one in part]


def _refuse(plugin: Plugin, split: str, fault: str | None) -> None:
    if fault is not None:
        raise PluginError(f"{plugin.name} of {plugin.package}, {split}: {fault}")


def _streamed(samples: StreamedSamples, device: torch.device) -> PatchSource:
    images = MappedImages(samples, np.arange(len(samples)), device)
    return PatchSource([images], [_unit(samples.dtype, device)])


def _source(
    parts: Sequence[Sequence[Array]], device: torch.device, targets: Targets | None
) -> PatchSource:
    scales: list[Scale] = [_unit(part[0].dtype, device) for part in parts]
    if targets is not None:
        scales[-1] = targets.scale(scales[-1])
    return PatchSource([HeldImages(part, device) for part in parts], scales)


def _unit(dtype: np.dtype[Any], device: torch.device) -> Scaling:
    return unit_range(0, BYTE_MAX if dtype == np.uint8 else 1, device)
