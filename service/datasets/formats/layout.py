"""What formats of files in folders share: split folders at the top, groups, notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.datasets.faults import Faults
from service.datasets.formats import folder_words
from service.datasets.formats.tables import groups_of, split_off
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import (
    GROUPS,
    LABELS,
    SourceEntry,
    listed,
    unwrapped,
    without_notes,
)
from service.datasets.sources.images import CONVERTIBLE, SUFFIXES, is_image
from service.datasets.sources.text_encoding import Encoding
from service.datasets.store.encoded import ENCODED
from service.datasets.store.reader import Kind
from service.errors import InvalidDatasetError


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


def image_paths(entries: Sequence[SourceEntry]) -> list[str]:
    """Return the paths of the images below their splits; no table is read, and no fault kept.

    Raises:
        InvalidDatasetError: Only some of the folders are splits.
    """
    files, _ = without_notes(unwrapped(list(entries)))
    return [path for _, path, _ in _placed([entry for entry in files if is_image(entry)])]


def require_images(entries: Sequence[SourceEntry]) -> None:
    """Refuse files of which none is an image.

    Raises:
        InvalidDatasetError: It names them.
    """
    faults = Faults()
    files, _ = without_notes(split_off(unwrapped(list(entries)), GROUPS)[0])
    if not any(_images(files, faults)):
        faults.refuse()


def laid_out(
    entries: Sequence[SourceEntry],
    faults: Faults,
    encoding: Encoding | None,
    *,
    has_labels: bool = False,
) -> Layout:
    """Find the images, their splits and their groups.

    Folders named train, validation and test are splits at whatever depth they stand, if there is a
    train and every image lies in one of them.

    Args:
        entries: All files.
        faults: Takes the files that are no images, and lines of groups.csv without a file, which
            are left out.
        encoding: Of the tables; see `tables`.
        has_labels: Whether a table of labels may lie next to the images.

    Raises:
        InvalidDatasetError: groups.csv is wrong, or only some of the folders are splits.
    """
    files, table = split_off(unwrapped(list(entries)), GROUPS)
    files, labels = split_off(files, LABELS) if has_labels else (files, None)
    files, notes = without_notes(files)
    groups = groups_of(table, files, encoding, faults)
    images = [
        Placed(entry, path, split, groups.get(entry.name))
        for entry, path, split in _placed(list(_images(files, faults)))
    ]
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
    return Source(
        kind,
        2,
        samples,
        classes,
        layout.left_out,
        is_encoded,
        convert,
        n_samples=len(layout.images),
    )


def _images(entries: list[SourceEntry], faults: Faults) -> Iterator[SourceEntry]:
    for entry in entries:
        if is_image(entry):
            yield entry
            continue
        reason = f"is no image: remove it, or use one of {', '.join(sorted(SUFFIXES))}"
        if entry.suffix in CONVERTIBLE:
            reason = "is in a format that is not read: convert it to PNG"
        faults.add(InvalidDatasetError(entry.name, reason))


def _placed(
    images: list[SourceEntry],
) -> Iterator[tuple[SourceEntry, str, folder_words.Split | None]]:
    """Yield each image, its path below its split, and the split."""
    depth, splits = _splits(images)
    for entry in images:
        if depth is None:
            yield entry, entry.name, None
        else:
            parts = list(entry.parts)
            split = splits[parts.pop(depth)]
            yield entry, "/".join(parts), split


def _splits(
    images: list[SourceEntry],
) -> tuple[int | None, Mapping[str, folder_words.Split | None]]:
    """Return at which depth the folders are splits, and which; None without splits.

    Raises:
        InvalidDatasetError: The folders of some depth are neither all splits nor all something
            else, or two of them are the same split.
    """
    folders = [entry.parts[:-1] for entry in images]
    found: tuple[int | None, Mapping[str, folder_words.Split | None]] = (None, {})
    for depth in range(max(map(len, folders), default=0)):
        names = {parts[depth] for parts in folders if len(parts) > depth}
        splits = {name: folder_words.split_of(name) for name in sorted(names)}
        is_whole = all(len(parts) > depth for parts in folders)
        are_splits = is_whole and None not in splits.values() and "train" in splits.values()
        if found[0] is None and are_splits:
            _refuse_twins(splits)
            found = depth, splits
        else:
            _refuse_mixed(names, depth=depth, is_whole=is_whole)
    return found


def _refuse_twins(splits: Mapping[str, folder_words.Split | None]) -> None:
    seen: dict[folder_words.Split | None, str] = {}
    for name, split in splits.items():
        other = seen.setdefault(split, name)
        if other != name:
            raise InvalidDatasetError(
                name, f"is the {split} split, and so is {other}: keep one of them, or join them"
            )


def _refuse_mixed(names: set[str], *, depth: int, is_whole: bool) -> None:
    """Refuse folders of which some are like splits: a single one of several may be a class."""
    like = sorted(name for name in names if folder_words.is_like_split(name))
    others = sorted(names.difference(like))
    if not like or (len(names) == 1 and (is_whole or depth > 0)):
        return
    if len(like) == 1 and len(others) > 1 and is_whole:
        return  # `summary` warns of it
    neighbours = [*others, *([] if is_whole else ["images in no such folder"])]
    seen = (
        f"{listed(like)} next to {listed(neighbours)}" if neighbours else f"{listed(like)} alone"
    )
    raise InvalidDatasetError(
        like[0],
        f"is named like a split, but the folders are {seen}. Splits are train, validation and "
        "test, and everything lies in one of them: rename, move or remove what does not",
    )
