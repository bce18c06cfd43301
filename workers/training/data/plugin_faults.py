"""Checks of a plug-in's arrays: each returns an error message, or None."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.tasks.kinds import Form
from workers.training.data.targets import Targets

Array = NDArray[Any]
# A densearch.plugins.DataInfo, which needs pydantic: it is the plug-in that imports it.
Info = Any

_DTYPES = (np.uint8, np.float32)


def form_fault(form: Form, part: Any) -> str | None:  # noqa: ANN401 - whatever a set gives
    """Say why a split is not of the form that a kind of task needs; None if it is.

    Args:
        form: Which one.
        part: The split as the set gives it, None if it gives none.
    """
    is_list = isinstance(part, list | tuple | np.ndarray)
    if form in ("classes", "labels"):
        if is_list and len(part) == 2:
            return None
        return "there are no samples" if part is None else "give it as (samples, labels)"
    if part is None or (is_list and len(part) == 0):
        return "there are no samples"
    if not is_list:
        return "give it as a list of samples"
    for index, one in enumerate(part if form == "pairs" else ()):
        if not (isinstance(one, list | tuple) and len(one) == 2):
            return f"sample {index} is no pair of an input and a target"
    return None


def labelled_fault(form: Form, samples: Array, labels: Array, info: Info) -> str | None:
    """Say what is wrong with a split's samples, or with their labels; None if nothing is.

    Args:
        form: "classes" or "labels".
        samples: (N, C, *sides).
        labels: (N,) or (N, n_labels).
        info: The set's info.
    """
    if samples.ndim == 0:
        return "its samples are no array"
    return labels_fault(form, len(samples), labels, info) or samples_fault(samples, info)


def labels_fault(form: Form, n_samples: int, labels: Array, info: Info) -> str | None:
    """Say what is wrong with the labels of `n_samples`; otherwise as `labelled_fault`."""
    n_axes = 1 if form == "classes" else 2
    if labels.ndim != n_axes or len(labels) != n_samples:
        return f"labels have the shape {labels.shape} for {n_samples} samples"
    if n_samples == 0:
        return "there are no samples"
    if form == "classes":
        is_right = labels.dtype.kind in "iu" and 0 <= labels.min() <= labels.max() < info.n_outputs
        needed = f"whole numbers from 0 to {info.n_outputs - 1}"
    else:
        is_right = labels.shape[1] == info.n_outputs and bool(np.isin(labels, (0, 1)).all())
        needed = f"{info.n_outputs} of 0 or 1 for each sample"
    return None if is_right else f"labels are not {needed}"


def pairs_fault(
    pairs: Sequence[Sequence[Array]], info: Info, targets: Targets | None
) -> str | None:
    """Say which sample of a split, or which target of one, is wrong; None if none is.

    Args:
        pairs: (input,) or (input, target) each.
        info: The set's info.
        targets: What the targets are to be.
    """
    for index, (first, *others) in enumerate(pairs):
        if first.ndim == 0:
            return f"sample {index} has the shape (), but the set's info says {info.n_dims} axes"
        for target in others:
            if target.ndim == 0 or target.shape[1:] != first.shape[1:]:
                return f"target {index} has the shape {target.shape} for an input {first.shape}"
            fault = targets.fault(target, info.n_outputs) if targets is not None else None
            if fault is not None:
                return f"target {index} {fault}"
    return samples_fault([first for first, *_ in pairs], info) or _dtype_fault(
        [other for _, *others in pairs for other in others]
    )


def samples_fault(samples: Sequence[Array] | Array, info: Info, first: int = 0) -> str | None:
    """Say which sample, (C, *sides), contradicts the set's info; None if none does.

    Args:
        samples: The samples.
        info: The set's info.
        first: The index of the first of them.
    """
    for index, sample in enumerate(samples, first):
        if sample.ndim != 1 + info.n_dims or len(sample) != info.n_channels:
            needed = f"{info.n_channels} channels and {info.n_dims} axes"
            return f"sample {index} has the shape {sample.shape}, but the set's info says {needed}"
        if info.size_px is not None and min(sample.shape[1:]) < info.size_px:
            return f"sample {index} is smaller than the {info.size_px} px of the set's info"
    return _dtype_fault(samples, first)


def _dtype_fault(arrays: Sequence[Array] | Array, first: int = 0) -> str | None:
    for index, array in enumerate(arrays, first):
        if array.dtype not in _DTYPES:
            return f"array {index} is of {array.dtype}: give uint8 or float32"
        if not np.isfinite(array).all():
            return f"array {index} has values that are not finite"
    return None
