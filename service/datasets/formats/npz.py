"""NumPy archives: ``np.savez("set.npz", inputs=..., labels=...)``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.formats.npy import (
    NUMBERS,
    TEXT,
    Header,
    header_of,
    rows,
    texts,
    whole,
)
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import SourceEntry, shown
from service.datasets.store.reader import MAX_CLASSES, SPLITS, Kind, Values
from service.errors import InvalidDatasetError

TITLE = "NumPy archive"

# The name of an array, and the one that people also give it.
NAMES = {"x": "inputs", "y": "labels"}
KNOWN = ("inputs", "labels", "targets", "groups", "splits", "classes")
# Labels, groups and splits are read whole.
MAX_ANNOTATION_BYTES = 512 * 2**20
# Of an array with so many axes, those of a sample, where nothing else is said.
USUAL_DIMS = {2: 1, 3: 2, 4: 2, 5: 3}


@dataclass(frozen=True, slots=True)
class Axes:
    """How the rows of an array are samples: `has_channels` says whether channels come first."""

    n_dims: int
    has_channels: bool


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether everything is an array."""
    return bool(entries) and all(entry.suffix == ".npy" for entry in entries)


def read(entries: Sequence[SourceEntry], options: ImportOptions) -> Source:
    """Read arrays: inputs, and labels or targets; groups, splits and names of classes.

    Raises:
        InvalidDatasetError: An array is missing, unknown or does not fit the others.
    """
    arrays = _named(entries)
    if "inputs" not in arrays:
        raise InvalidDatasetError("inputs", "this array is missing (it may be called x)")
    if "labels" in arrays and "targets" in arrays:
        raise InvalidDatasetError("targets", "give either labels or targets")
    header = header_of(arrays["inputs"])
    axes = _axes("inputs", header, options.n_dims)
    n = header.shape[0]
    annotations: dict[str, NDArray[Any]] = {
        name: _rows(arrays[name], n) for name in ("labels", "groups", "splits") if name in arrays
    }
    kind, classes = _kind(arrays, annotations.get("labels"))
    values = _values(arrays["inputs"], axes)
    targets = _targets(arrays["targets"], axes, n) if kind == "pairs" else None
    return Source(kind, axes.n_dims, _samples(values, targets, annotations), classes)


def _named(entries: Sequence[SourceEntry]) -> dict[str, SourceEntry]:
    arrays: dict[str, SourceEntry] = {}
    for entry in entries:
        name = NAMES.get(entry.stem, entry.stem)
        if name not in KNOWN:
            raise InvalidDatasetError(entry.stem, f"is unknown: use {', '.join(KNOWN)}")
        if name in arrays:
            raise InvalidDatasetError(entry.stem, f"is there under both its names, {name} too")
        arrays[name] = SourceEntry(name, entry.n_bytes, entry.opener)
    return arrays


def _axes(name: str, header: Header, n_dims: int | None) -> Axes:
    if header.dtype.kind not in NUMBERS:
        raise InvalidDatasetError(name, f"holds {header.dtype}: it should be numbers")
    n_axes = len(header.shape)
    wanted = n_dims or USUAL_DIMS.get(n_axes)
    if wanted is None or n_axes not in {1 + wanted, 2 + wanted}:
        raise InvalidDatasetError(
            name,
            f"has the shape {header.shape}: samples come first, then channels if there are any, "
            "then 1 to 3 axes; n_dims says how many",
        )
    axes = Axes(wanted, has_channels=n_axes == 2 + wanted)
    _refuse_channels_last(name, header, axes)
    return axes


def _refuse_channels_last(name: str, header: Header, axes: Axes) -> None:
    sides = header.shape[1:]
    if axes.n_dims == 2 and axes.has_channels and sides[2] in {1, 3, 4} and sides[0] > 4:
        raise InvalidDatasetError(
            name,
            f"has the shape {header.shape}: channels come first, "
            "save np.ascontiguousarray(np.moveaxis(x, -1, 1))",
        )


def _rows(entry: SourceEntry, n: int) -> NDArray[Any]:
    found = whole(entry, MAX_ANNOTATION_BYTES)
    if len(found) != n:
        raise InvalidDatasetError(
            entry.name, f"has {len(found)} rows, inputs have {n}: give one for each"
        )
    if found.ndim > 1 and entry.name != "labels":
        raise InvalidDatasetError(entry.name, f"has the shape {found.shape}: one for each sample")
    return found


# Labels


def _kind(
    arrays: Mapping[str, SourceEntry], labels: NDArray[Any] | None
) -> tuple[Kind, list[str]]:
    names = _class_names(arrays.get("classes"))
    if labels is None:
        if names:
            raise InvalidDatasetError("classes", "there are no labels that they could name")
        return ("pairs" if "targets" in arrays else "unlabelled"), []
    if labels.ndim == 2:
        return "multilabel", _checked_names(names, _n_labels(labels))
    if labels.ndim > 2 or labels.dtype.kind not in "biu":
        raise InvalidDatasetError(
            "labels",
            f"has the shape {labels.shape} of {labels.dtype}: give whole numbers, one for each "
            "sample, or 0 and 1 for each sample and label",
        )
    return "labelled", _checked_names(names, _n_classes(labels, len(names)))


def _class_names(entry: SourceEntry | None) -> list[str]:
    if entry is None:
        return []
    found = whole(entry, MAX_ANNOTATION_BYTES)
    if found.ndim != 1 or found.dtype.kind not in TEXT:
        raise InvalidDatasetError("classes", "should be a list of texts, one for each class")
    names = texts("classes", found)
    if len(set(names)) < len(names):
        raise InvalidDatasetError("classes", "names are all different")
    return names


def _n_labels(labels: NDArray[Any]) -> int:
    if labels.dtype.kind not in "biu" or not np.isin(labels, (0, 1)).all():
        raise InvalidDatasetError("labels", "with two axes, labels are whole numbers, 0 or 1")
    if labels.shape[1] > MAX_CLASSES:
        raise InvalidDatasetError(
            "labels", f"has {labels.shape[1]:,} labels a sample: at most {MAX_CLASSES:,} are taken"
        )
    return int(labels.shape[1])


def _n_classes(labels: NDArray[Any], n_names: int) -> int:
    if not len(labels):
        return n_names
    low, high = int(labels.min()), int(labels.max())
    end = n_names or MAX_CLASSES
    if low < 0 or high >= end:
        wrong = low if low < 0 else high
        raise InvalidDatasetError("labels", f"{wrong} is out of range: classes are 0 to {end - 1}")
    n_seen = len(np.unique(labels))
    if not n_names and n_seen <= high:
        raise InvalidDatasetError(
            "labels",
            f"only {n_seen} of the classes 0 to {high} have samples: number those that have, or "
            "name all in classes",
        )
    return n_names or high + 1


def _checked_names(names: list[str], n: int) -> list[str]:
    if names and len(names) != n:
        raise InvalidDatasetError("classes", f"names {len(names)} classes, there are {n}")
    return names or [str(number) for number in range(n)]


# Samples


def _targets(entry: SourceEntry, inputs: Axes, n: int) -> Iterator[Values]:
    header = header_of(entry)
    axes = _axes("targets", header, inputs.n_dims)
    if header.shape[0] != n:
        raise InvalidDatasetError(
            "targets", f"has {header.shape[0]} rows, inputs have {n}: give one for each"
        )
    return _values(entry, axes)


def _values(entry: SourceEntry, axes: Axes) -> Iterator[Values]:
    """Yield samples (C, *sides): bytes as they are, other numbers as float32."""
    for index, row in enumerate(rows(entry)):
        values = row if axes.has_channels else row[np.newaxis]
        if values.dtype == np.uint8:
            yield values
            continue
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
            yield _finite(f"{entry.name}[{index}]", values.astype(np.float32))


def _finite(name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(values).all():
        raise InvalidDatasetError(name, "holds NaN or infinity: replace these values")
    return values


def _samples(
    values: Iterator[Values],
    targets: Iterator[Values] | None,
    annotations: Mapping[str, NDArray[Any]],
) -> Iterator[Sample]:
    labels = annotations.get("labels")
    groups = texts("groups", annotations["groups"]) if "groups" in annotations else None
    splits = _split_names(annotations.get("splits"))
    for index, row in enumerate(values):
        yield Sample(
            name=f"inputs[{index}]",
            values=row,
            target=next(targets) if targets is not None else None,
            label=None if labels is None else _label(labels[index]),
            group=None if groups is None else groups[index],
            split=None if splits is None else splits[index],
        )


def _label(label: Any) -> int | NDArray[np.uint8]:  # noqa: ANN401 - of NumPy
    return label.astype(np.uint8) if np.ndim(label) else int(label)


def _split_names(splits: NDArray[Any] | None) -> list[str] | None:
    if splits is None:
        return None
    numbers = {str(number): name for number, name in enumerate(SPLITS)}
    named = {name: name for name in SPLITS} | numbers
    given = texts("splits", splits)
    for text in given:
        if text not in named:
            raise InvalidDatasetError("splits", f"{shown(text)!r} is none of {', '.join(SPLITS)}")
    return [named[text] for text in given]
