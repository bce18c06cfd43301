"""Which array of a NumPy archive is what, by its name: ours, or those of well-known sets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.datasets.formats.folder_words import Split, split_of
from service.datasets.sources.entries import SourceEntry, shown, without_notes
from service.errors import InvalidDatasetError

# The names of arrays, and those that people also give them.
ALSO = {"x": "inputs", "images": "inputs", "data": "inputs", "y": "labels", "label": "labels"}
KNOWN = ("inputs", "labels", "targets", "masks", "groups", "splits", "classes")
# MedMNIST has train_images and val_labels; Keras has x_train and y_test.
_FIRST = re.compile(r"(train|val|valid|validation|test)_(\w+)")
_LAST = re.compile(r"(\w+)_(train|val|valid|validation|test)")


@dataclass(frozen=True, slots=True)
class SplitArrays:
    """The arrays of one split, or of all samples.

    Attributes:
        split: None where the arrays do not say it by their names.
        arrays: By name; each entry has this name too.
    """

    split: Split | None
    arrays: dict[str, SourceEntry]

    def label(self, name: str) -> str:
        """Return what an error calls an array of it."""
        return name if self.split is None else f"{name} of {self.split}"


def arrays_in(entries: Sequence[SourceEntry]) -> list[SourceEntry]:
    """Return the arrays, if there are only they and notes, in one folder; otherwise none."""
    data, _ = without_notes(list(entries))
    is_array = bool(data) and all(entry.suffix == ".npy" for entry in data)
    if not is_array or len({entry.parts[:-1] for entry in data}) > 1:
        return []
    return [SourceEntry(entry.parts[-1], entry.n_bytes, entry.opener) for entry in data]


def parts_of(entries: Sequence[SourceEntry]) -> list[SplitArrays]:
    """Return the arrays by what they are; those that belong to no split come last.

    Raises:
        InvalidDatasetError: A name is unknown, or stands for an array that is there already.
    """
    parts: dict[Split | None, SplitArrays] = {}
    for entry in arrays_in(entries):
        name, split = _read(entry.stem)
        if name not in KNOWN:
            raise InvalidDatasetError(shown(entry.stem), f"is unknown: use {', '.join(KNOWN)}")
        part = parts.setdefault(split, SplitArrays(split, {}))
        if name in part.arrays:
            raise InvalidDatasetError(
                entry.stem, f"is there under another name too: both are {part.label(name)}"
            )
        part.arrays[name] = SourceEntry(name, entry.n_bytes, entry.opener)
    order: tuple[Split | None, ...] = ("train", "validation", "test", None)
    return [parts[split] for split in order if split in parts]


def _read(stem: str) -> tuple[str, Split | None]:
    name, split = stem.lower(), None
    if first := _FIRST.fullmatch(name):
        split, name = split_of(first[1]), first[2]
    elif last := _LAST.fullmatch(name):
        name, split = last[1], split_of(last[2])
    return ALSO.get(name, name), split
