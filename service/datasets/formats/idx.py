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
# Published names have a dash or a dot before "idx".
PARTS = {"images": "labels", "labels": "images"}
SPLIT_STARTS = {"train": "train", "t10k": "test", "test": "test", "valid": "validation"}


@dataclass(frozen=True, slots=True)
class _Part:
    """The images of one split and their labels (N,)."""

    images: SourceEntry
    labels: NDArray[np.uint8]
    split: str | None


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether the names are those of idx files."""
    files, _ = without_notes(unwrapped(list(entries)))
    return bool(files) and all("idx" in e.name and _role(e) is not None for e in files)


def read(entries: Sequence[SourceEntry], options: ImportOptions) -> Source:  # noqa: ARG001 - as all
    """Read labelled images; files ending in .gz are unpacked.

    Raises:
        InvalidDatasetError: A file has no partner, or is not what its head says.
    """
    files, notes = without_notes(unwrapped(list(entries)))
    parts = _parts([unzipped(entry, MAX_FILE_BYTES) for entry in files])
    n_classes = max((int(part.labels.max()) + 1 for part in parts if len(part.labels)), default=0)
    classes = [str(number) for number in range(n_classes)]
    return Source("labelled", 2, _samples(parts), classes, notes)


def _role(entry: SourceEntry) -> str | None:
    found = [role for role in PARTS if role in entry.parts[-1]]
    return found[0] if len(found) == 1 else None


def _parts(files: list[SourceEntry]) -> list[_Part]:
    by_name: dict[str, SourceEntry] = {}
    for entry in files:
        role = _role(entry)
        if role is None:
            raise InvalidDatasetError(entry.name, "names neither images nor labels")
        # "train-images-idx3-ubyte" and "train-labels-idx1-ubyte" have the same key but for that.
        by_name[f"{entry.parts[-1].split(role)[0]}{role}"] = entry
    parts = []
    for key, entry in sorted(by_name.items()):
        role = "images" if key.endswith("images") else "labels"
        partner = by_name.get(key.removesuffix(role) + PARTS[role])
        if partner is None:
            raise InvalidDatasetError(entry.name, f"comes without its {PARTS[role]}: add them")
        if role == "images":
            starts = [s for start, s in SPLIT_STARTS.items() if key.startswith(start)]
            parts.append(_Part(entry, _labels(partner), starts[0] if starts else None))
    return parts


def _labels(entry: SourceEntry) -> NDArray[np.uint8]:
    with entry.opened() as file:
        (n,) = _shape(entry.name, file, n_axes=1)
        if n > MAX_LABELS_BYTES:
            raise InvalidDatasetError(entry.name, f"has the impossible number of {n:,} labels")
        labels = _values(entry.name, file, n)
        _refuse_rest(entry.name, file)
    return labels


def _samples(parts: list[_Part]) -> Iterator[Sample]:
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
                label = int(part.labels[index])
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
