"""The idx format, as of MNIST: a file of images and one of labels, for each split.

Source: http://yann.lecun.com/exdb/mnist/ , "FILE FORMATS FOR THE MNIST DATABASE".
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from service.datasets.faults import Faults
from service.datasets.formats.folder_words import Split, split_in, words_of
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source
from service.datasets.sources.archives import unzipped
from service.datasets.sources.entries import SourceEntry, unwrapped, without_notes
from service.errors import InvalidDatasetError

TITLE = "MNIST (idx)"

# Two zeros, the type of the values and the number of axes.
_MAGIC = struct.Struct(">HBB")
BYTES = 0x08
MAX_FILE_BYTES = 16 * 2**30
MAX_LABELS_BYTES = 64 * 2**20
PARTS = {"images": "labels", "labels": "images"}


@dataclass(frozen=True, slots=True)
class _Part:
    """The images of one split and their labels (N,)."""

    images: SourceEntry
    labels: NDArray[np.uint8]
    split: Split | None


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether the names are those of idx files."""
    files, _ = without_notes(unwrapped(list(entries)))
    return bool(files) and all("idx" in e.name and _role(e) is not None for e in files)


def read(entries: Sequence[SourceEntry], options: ImportOptions, faults: Faults) -> Source:  # noqa: ARG001 - as all
    """Read labelled images; files ending in .gz are unpacked.

    Raises:
        InvalidDatasetError: A file has no partner, or is not what its head says.
    """
    files, notes = without_notes(unwrapped(list(entries)))
    parts = _parts([unzipped(entry, MAX_FILE_BYTES) for entry in files])
    labels = [part.labels for part in parts if len(part.labels)]
    highest = max((int(own.max()) for own in labels), default=-1)
    # EMNIST letters are numbered from 1: there is no class 0.
    lowest = min(1, *(int(own.min()) for own in labels)) if labels else 0
    classes = [str(number) for number in range(lowest, highest + 1)]
    n_samples = sum(len(part.labels) for part in parts)
    return Source("labelled", 2, _samples(parts, lowest), classes, notes, n_samples=n_samples)


def _role(entry: SourceEntry) -> str | None:
    found = [role for role in PARTS if role in entry.parts[-1]]
    return found[0] if len(found) == 1 else None


def _parts(files: list[SourceEntry]) -> list[_Part]:
    """Match images and labels, and see that they are the splits of one set."""
    by_key: dict[tuple[str, str], SourceEntry] = {}
    for entry in files:
        role = _role(entry)
        if role is None:
            raise InvalidDatasetError(entry.name, "names neither images nor labels")
        # "train-images-idx3-ubyte" and "train-labels-idx1-ubyte" have the same key but for that.
        key = "/".join([*entry.parts[:-1], entry.parts[-1].partition(role)[0]])
        other = by_key.setdefault((key, role), entry)
        if other is not entry:
            raise InvalidDatasetError(
                entry.name, f"comes twice, as {other.name}: keep one of them"
            )
    parts, first = [], None
    for (key, role), entry in sorted(by_key.items(), key=lambda item: item[0]):
        partner = by_key.get((key, PARTS[role]))
        if partner is None:
            raise InvalidDatasetError(entry.name, f"comes without its {PARTS[role]}: add them")
        if role == "labels":
            continue
        first = first or entry
        if _set_of(entry) != _set_of(first):
            raise InvalidDatasetError(
                entry.name, f"is of another set than {first.name}: send one set at a time"
            )
        parts.append(_Part(entry, _labels(partner), split_in(entry.parts[-1])))
    return parts


def _set_of(images: SourceEntry) -> tuple[str, ...]:
    """Return the words of a name without that of its split: those of the set."""
    folders = [word for part in images.parts[:-1] for word in words_of(part)]
    words = folders + words_of(images.parts[-1].partition("images")[0])
    return tuple(word for word in words if split_in(word) is None)


def _labels(entry: SourceEntry) -> NDArray[np.uint8]:
    with entry.opened() as file:
        (n,) = _shape(entry.name, file, n_axes=1)
        if n > MAX_LABELS_BYTES:
            raise InvalidDatasetError(entry.name, f"has the impossible number of {n:,} labels")
        labels = _values(entry.name, file, n)
        _refuse_rest(entry.name, file)
    return labels


def _samples(parts: list[_Part], lowest: int) -> Iterator[Sample]:
    """Yield the samples; the class of the label `lowest` is the first."""
    for part in parts:
        name = part.images.name
        with part.images.opened() as file:
            n, height, width = _shape(name, file, n_axes=3)
            if n != len(part.labels):
                raise InvalidDatasetError(
                    name, f"has {n:,} images and {len(part.labels):,} labels: give one for each"
                )
            for index in range(n):
                values = _values(name, file, height * width).reshape(1, height, width)
                label = int(part.labels[index]) - lowest
                yield Sample(f"{name}[{index}]", values, label=label, split=part.split)
            _refuse_rest(name, file)


def _shape(name: str, file: IO[bytes], n_axes: int) -> tuple[int, ...]:
    head = file.read(_MAGIC.size)
    if len(head) < _MAGIC.size or _MAGIC.unpack(head) != (0, BYTES, n_axes):
        raise InvalidDatasetError(
            name, f"is no idx file of bytes with {n_axes} axes: send the file as it was published"
        )
    sides = struct.Struct(f">{n_axes}I")
    content = file.read(sides.size)
    if len(content) < sides.size:
        raise InvalidDatasetError(name, "ends within its head: send all of it")
    shape: tuple[int, ...] = sides.unpack(content)
    if math.prod(shape[1:]) > MAX_LABELS_BYTES or 0 in shape[1:]:
        raise InvalidDatasetError(name, f"has images of the impossible size {shape[1:]}")
    return shape


def _values(name: str, file: IO[bytes], n: int) -> NDArray[np.uint8]:
    content = file.read(n)
    if len(content) < n:
        raise InvalidDatasetError(name, "ends too early: send all of it")
    return np.frombuffer(content, np.uint8)


def _refuse_rest(name: str, file: IO[bytes]) -> None:
    if file.read(1):
        raise InvalidDatasetError(name, "is longer than its head says: correct one of the two")
