"""CIFAR-10 and CIFAR-100 in their binary versions; the test batch stays the test split.

Source: https://www.cs.toronto.edu/~kriz/cifar.html , "Binary version".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from densearch.names import fault_in
from service.datasets.faults import Faults
from service.datasets.formats.folder_words import split_in
from service.datasets.formats.tables import MAX_TABLE_BYTES
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import SourceEntry, unwrapped
from service.errors import InvalidDatasetError

TITLE = "CIFAR (binary)"

SIDE_PX = 32
IMAGE_BYTES = 3 * SIDE_PX * SIDE_PX
# CIFAR-100 has a coarse label before the fine one.
N_LABEL_BYTES = {10: 1, 100: 2}
NAMES = {10: "batches.meta.txt", 100: "fine_label_names.txt"}
RECORDS = 1000


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether there are batches under the names of CIFAR-10 or CIFAR-100."""
    return _n_classes(_batches(entries)) is not None


def read(entries: Sequence[SourceEntry], options: ImportOptions, faults: Faults) -> Source:  # noqa: ARG001 - as all
    """Read labelled images of 32x32 in colour.

    Raises:
        InvalidDatasetError: There are no batches, one is cut off, or a label is out of range.
    """
    batches = _batches(entries)
    n_classes = _n_classes(batches)
    if n_classes is None:
        raise InvalidDatasetError(
            "", "it has no data_batch_1.bin (CIFAR-10) and no train.bin (CIFAR-100)"
        )
    classes = _class_names(entries, n_classes)
    record = N_LABEL_BYTES[n_classes] + IMAGE_BYTES
    for batch in batches:
        if batch.n_bytes % record or not batch.n_bytes:
            raise InvalidDatasetError(
                batch.name,
                f"has {batch.n_bytes:,} bytes, which is no multiple of {record:,}: it was cut "
                "off, send all of it",
            )
    left_out = [e.name for e in entries if e.suffix not in {".bin", ".txt"}]
    samples = _samples(batches, n_classes)
    n_samples = sum(batch.n_bytes for batch in batches) // record
    return Source("labelled", 2, samples, classes, left_out, n_samples=n_samples)


def _batches(entries: Sequence[SourceEntry]) -> list[SourceEntry]:
    return [entry for entry in unwrapped(list(entries)) if entry.suffix == ".bin"]


def _n_classes(batches: Sequence[SourceEntry]) -> int | None:
    names = {batch.parts[-1].lower() for batch in batches}
    if "data_batch_1.bin" in names:
        return 10
    return 100 if "train.bin" in names else None


def _class_names(entries: Sequence[SourceEntry], n_classes: int) -> list[str]:
    for entry in entries:
        if entry.parts[-1].lower() == NAMES[n_classes]:
            text = entry.read(MAX_TABLE_BYTES).decode("utf-8", "replace")
            names = [line.strip() for line in text.splitlines() if line.strip()]
            if len(set(names)) == n_classes and not any(map(fault_in, names)):
                return names
            raise InvalidDatasetError(entry.name, f"should name {n_classes} classes, a line each")
    return [str(number) for number in range(n_classes)]


def _samples(batches: Sequence[SourceEntry], n_classes: int) -> Iterator[Sample]:
    n_labels = N_LABEL_BYTES[n_classes]
    for batch in batches:
        split = "test" if split_in(batch.parts[-1]) == "test" else "train"
        for index, record in enumerate(_records(batch, n_labels + IMAGE_BYTES)):
            label = int(record[n_labels - 1])
            name = f"{batch.name}[{index}]"
            if label >= n_classes:
                raise InvalidDatasetError(
                    name,
                    f"has the label {label}, but classes are 0 to {n_classes - 1}: correct it",
                )
            values = record[n_labels:].reshape(3, SIDE_PX, SIDE_PX)
            yield Sample(name, values, label=label, split=split)


def _records(
    batch: SourceEntry, size: int
) -> Iterator[np.ndarray[tuple[int], np.dtype[np.uint8]]]:
    with batch.opened() as file:
        while content := file.read(RECORDS * size):
            if len(content) % size:
                raise InvalidDatasetError(batch.name, "was cut off: send all of it")
            yield from np.frombuffer(content, np.uint8).reshape(-1, size)
