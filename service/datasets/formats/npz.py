"""NumPy archives: ``np.savez("set.npz", inputs=..., labels=...)``, also with an array a split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.faults import Faults
from service.datasets.formats.array_labels import Labels, labels_of
from service.datasets.formats.array_names import SplitArrays, arrays_in, parts_of
from service.datasets.formats.folder_words import split_of
from service.datasets.formats.npy import NUMBERS, TEXT, Header, header_of, rows, texts, whole
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import SourceEntry, shown
from service.datasets.store.reader import SPLITS, Kind, Values
from service.errors import InvalidDatasetError

TITLE = "NumPy archive"

# Labels, groups and splits are read whole.
MAX_ANNOTATION_BYTES = 512 * 2**20
ANNOTATIONS = ("labels", "groups", "splits")
# Of an array with so many axes, those of a sample, where nothing else is said.
USUAL_DIMS = {2: 1, 3: 2, 4: 2, 5: 3}
# A signal of more channels than this is not taken for one that has them last.
MANY_CHANNELS = 16


@dataclass(frozen=True, slots=True)
class Axes:
    """How the rows of an array are samples.

    Attributes:
        n_dims: Of a sample, without its channels.
        has_channels: Whether there is an axis of channels.
        is_last: Whether it is the last one, as in sets that are known to be so.
    """

    n_dims: int
    has_channels: bool
    is_last: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """A part whose headers and annotations have been read."""

    part: SplitArrays
    n: int
    axes: Axes
    annotations: Mapping[str, NDArray[Any]]
    targets: Axes | None


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether everything is an array."""
    return bool(arrays_in(entries))


def read(
    entries: Sequence[SourceEntry],
    options: ImportOptions,
    faults: Faults,  # noqa: ARG001 - as all
) -> Source:
    """Read arrays: inputs, and labels or targets; groups, splits and names of classes.

    Raises:
        InvalidDatasetError: An array is missing, unknown or does not fit the others.
    """
    return source_of(parts_of(entries), options)


def source_of(parts: list[SplitArrays], options: ImportOptions) -> Source:
    """Return the samples of the parts one after another; else as `read`."""
    parts, names = _without_classes(parts)
    for part in parts:
        _refuse_incomplete(part, parts[0])
    opened = [_opened(part, options.n_dims) for part in parts]
    n_dims, n_samples = opened[0].axes.n_dims, sum(own.n for own in opened)
    values = [own.annotations["labels"] for own in opened if "labels" in own.annotations]
    if not values:
        if names:
            raise InvalidDatasetError("classes", "there are no labels that they could name")
        kind: Kind = "pairs" if "targets" in parts[0].arrays else "unlabelled"
        return Source(kind, n_dims, _samples(opened, None), n_samples=n_samples)
    labels = labels_of(_joined(values), names)
    samples = _samples(opened, labels)
    return Source(
        labels.kind, n_dims, samples, labels.classes, notes=labels.notes, n_samples=n_samples
    )


def _without_classes(parts: list[SplitArrays]) -> tuple[list[SplitArrays], list[str]]:
    """Part the arrays from the names of the classes, which are those of all splits."""
    found = [part.arrays["classes"] for part in parts if "classes" in part.arrays]
    if len(found) > 1:
        raise InvalidDatasetError("classes", "is there more than once: give one list of names")
    rest = [
        SplitArrays(part.split, {name: e for name, e in part.arrays.items() if name != "classes"})
        for part in parts
    ]
    return [part for part in rest if part.arrays], _class_names(*found) if found else []


def _refuse_incomplete(part: SplitArrays, first: SplitArrays) -> None:
    if part.split is None and first.split is not None:
        raise InvalidDatasetError(
            min(part.arrays),
            f"is of no split, but other arrays are: say it as train_{min(part.arrays)}",
        )
    if "inputs" not in part.arrays:
        raise InvalidDatasetError(
            part.label("inputs"), "this array is missing (it may be called x)"
        )
    if "labels" in part.arrays and "targets" in part.arrays:
        raise InvalidDatasetError("targets", "give either labels or targets")
    if differs := sorted(part.arrays.keys() ^ first.arrays.keys()):
        raise InvalidDatasetError(
            differs[0], f"is there for some splits alone: {part.label('inputs')} differs"
        )


def _opened(part: SplitArrays, n_dims: int | None) -> _Opened:
    header = header_of(part.arrays["inputs"])
    axes = _axes(part.label("inputs"), header, n_dims, may_be_last=part.split is not None)
    n = header.shape[0]
    annotations = {
        name: _rows(part.arrays[name], n) for name in ANNOTATIONS if name in part.arrays
    }
    targets = _target_axes(part.arrays["targets"], axes, n) if "targets" in part.arrays else None
    return _Opened(part, n, axes, annotations, targets)


def _target_axes(entry: SourceEntry, inputs: Axes, n: int) -> Axes:
    header = header_of(entry)
    if header.shape[0] != n:
        raise InvalidDatasetError(
            "targets", f"has {header.shape[0]} rows, inputs have {n}: give one for each"
        )
    return _axes("targets", header, inputs.n_dims)


def _axes(name: str, header: Header, n_dims: int | None, *, may_be_last: bool = False) -> Axes:
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
    if not axes.has_channels or not _has_channels_last(header.shape[1:], wanted):
        return axes
    if may_be_last and wanted == 2:  # as in MedMNIST and Keras
        return Axes(wanted, has_channels=True, is_last=True)
    raise InvalidDatasetError(
        name,
        f"has the shape {header.shape}: channels come first, "
        "save np.ascontiguousarray(np.moveaxis(x, -1, 1))",
    )


def _has_channels_last(sides: tuple[int, ...], n_dims: int) -> bool:
    """Whether the last axis looks like that of channels, and the first does not."""
    if n_dims == 1:
        return sides[-1] <= MANY_CHANNELS and sides[0] >= 4 * sides[-1]
    return sides[-1] <= 4 < sides[0]


def _rows(entry: SourceEntry, n: int) -> NDArray[Any]:
    found = whole(entry, MAX_ANNOTATION_BYTES)
    if len(found) != n:
        raise InvalidDatasetError(
            entry.name, f"has {len(found)} rows, inputs have {n}: give one for each"
        )
    if found.ndim > 1 and entry.name != "labels":
        raise InvalidDatasetError(entry.name, f"has the shape {found.shape}: one for each sample")
    return found


def _joined(values: list[NDArray[Any]]) -> NDArray[Any]:
    if len({own.shape[1:] for own in values}) > 1:
        raise InvalidDatasetError("labels", "have other shapes in other splits: give all the same")
    return np.concatenate(values)


def _class_names(entry: SourceEntry) -> list[str]:
    found = whole(entry, MAX_ANNOTATION_BYTES)
    if found.ndim != 1 or found.dtype.kind not in TEXT:
        raise InvalidDatasetError("classes", "should be a list of texts, one for each class")
    names = texts("classes", found)
    if len(set(names)) < len(names):
        raise InvalidDatasetError("classes", "names are all different")
    return names


# Samples


def _values(entry: SourceEntry, axes: Axes) -> Iterator[Values]:
    """Yield samples (C, *sides): bytes as they are, other numbers as float32."""
    for index, row in enumerate(rows(entry)):
        values = row if axes.has_channels else row[np.newaxis]
        if axes.is_last:
            values = np.ascontiguousarray(np.moveaxis(values, -1, 0))
        if values.dtype == np.uint8:
            yield values
            continue
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused
            yield _finite(f"{entry.name}[{index}]", values.astype(np.float32))


def _finite(name: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(values).all():
        raise InvalidDatasetError(name, "holds NaN or infinity: replace these values")
    return values


def _samples(opened: list[_Opened], labels: Labels | None) -> Iterator[Sample]:
    n_before = 0
    for own in opened:
        targets = _values(own.part.arrays["targets"], own.targets) if own.targets else None
        groups = own.annotations.get("groups")
        named = None if groups is None else texts("groups", groups)
        splits = _split_names(own.annotations.get("splits"))
        for index, row in enumerate(_values(own.part.arrays["inputs"], own.axes)):
            yield Sample(
                name=f"{own.part.label('inputs')}[{index}]",
                values=row,
                target=next(targets) if targets is not None else None,
                label=None if labels is None else _label(labels.values[n_before + index]),
                group=None if named is None else named[index],
                split=own.part.split if splits is None else splits[index],
            )
        n_before += own.n


def _label(label: Any) -> int | NDArray[np.uint8]:  # noqa: ANN401 - of NumPy
    return label.astype(np.uint8) if np.ndim(label) else int(label)


def _split_names(splits: NDArray[Any] | None) -> list[str] | None:
    if splits is None:
        return None
    numbers = {str(number): name for number, name in enumerate(SPLITS)}
    found = []
    for text in map(str.strip, texts("splits", splits)):
        split = numbers.get(text) or (split_of(text) if text.isalpha() else None)
        if split is None:
            raise InvalidDatasetError("splits", f"{shown(text)!r} is none of {', '.join(SPLITS)}")
        found.append(split)
    return found
