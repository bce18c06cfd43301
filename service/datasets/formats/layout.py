"""What formats of files in folders share: split folders at the top, groups, notes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.datasets.formats.tables import groups_of, split_off
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import GROUPS, LABELS, SourceEntry, unwrapped, without_notes
from service.datasets.sources.images import SUFFIXES, is_image
from service.datasets.store.encoded import ENCODED
from service.datasets.store.reader import Kind
from service.errors import InvalidDatasetError

SPLIT_NAMES: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
# As its authors name the folders: DIV2K_train_HR, DIV2K_valid_HR.
DIV2K = re.compile(r"DIV2K_(train|valid|test)_\w+")


@dataclass(frozen=True, slots=True)
class Placed:
    """An image, the split and the group that its source gives, and its path below the split."""

    entry: SourceEntry
    path: str
    split: str | None
    group: str | None


@dataclass(frozen=True, slots=True)
class Layout:
    """The images of an archive or folder, sorted by name, and what was passed over.

    Attributes:
        images: With their places.
        left_out: Names of notes.
        labels: The table of labels, if it was asked for and is there.
    """

    images: list[Placed]
    left_out: list[str]
    labels: SourceEntry | None = None


def laid_out(entries: list[SourceEntry], *, has_labels: bool = False) -> Layout:
    """Find the images, their splits and their groups.

    Folders named train, validation and test at the top are splits, if there is a train.

    Args:
        entries: All files.
        has_labels: Whether a table of labels may lie next to the images.

    Raises:
        InvalidDatasetError: A file is no image, or groups.csv is wrong.
    """
    entries = unwrapped(entries)
    entries, table = split_off(entries, GROUPS)
    entries, labels = split_off(entries, LABELS) if has_labels else (entries, None)
    entries, notes = without_notes(entries)
    for entry in entries:
        if not is_image(entry):
            raise InvalidDatasetError(
                entry.name, f"is no image: remove it, or use one of {', '.join(sorted(SUFFIXES))}"
            )
    groups = groups_of(table, entries)
    has_splits = _has_splits(entries)
    images = [_placed(e, groups.get(e.name), has_splits=has_splits) for e in entries]
    return Layout(images, notes, labels)


def image_source(
    kind: Kind,
    samples: Iterator[Sample],
    layout: Layout,
    options: ImportOptions,
    classes: Sequence[str] = (),
) -> Source:
    """Return a source of images that are stored as the options have it."""
    is_encoded = options.storage == ENCODED
    convert = options.convert if is_encoded else None
    return Source(kind, 2, samples, classes, layout.left_out, is_encoded, convert)


def _has_splits(entries: list[SourceEntry]) -> bool:
    is_bare = any(len(entry.parts) == 1 for entry in entries)
    splits = {_split_of(top) for top in {entry.parts[0] for entry in entries}}
    return not is_bare and "train" in splits and None not in splits


def _split_of(top: str) -> str | None:
    found = DIV2K.fullmatch(top)
    return SPLIT_NAMES.get(found[1] if found else top.lower())


def _placed(entry: SourceEntry, group: str | None, *, has_splits: bool) -> Placed:
    if not has_splits:
        return Placed(entry, entry.name, None, group)
    first, _, rest = entry.name.partition("/")
    return Placed(entry, rest, _split_of(first), group)
