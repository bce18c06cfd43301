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
    shown,
    unwrapped,
    without_notes,
)
from service.datasets.sources.images import CONVERTIBLE, SUFFIXES, is_image
from service.datasets.sources.text_encoding import Encoding
from service.datasets.store.encoded import ENCODED
from service.datasets.store.reader import Kind
from service.errors import InvalidDatasetError

# So many folders are named in a refusal.
SHOWN = 5


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


def laid_out(
    entries: list[SourceEntry],
    faults: Faults | None = None,
    encoding: Encoding | None = None,
    *,
    has_labels: bool = False,
) -> Layout:
    """Find the images, their splits and their groups.

    Folders named train, validation and test are splits at whatever depth they stand, if there is a
    train and every image lies in one of them.

    Args:
        entries: All files.
        faults: Takes the files that are no images, which are left out.
        encoding: Of the tables; see `tables`.
        has_labels: Whether a table of labels may lie next to the images.

    Raises:
        InvalidDatasetError: groups.csv is wrong, or only some of the folders are splits.
    """
    entries = unwrapped(entries)
    entries, table = split_off(entries, GROUPS)
    entries, labels = split_off(entries, LABELS) if has_labels else (entries, None)
    entries, notes = without_notes(entries)
    groups = groups_of(table, entries, encoding)
    entries = list(_images(entries, faults or Faults()))
    depth = _split_depth(entries)
    images = [_placed(entry, groups.get(entry.name), depth) for entry in entries]
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


def _images(entries: list[SourceEntry], faults: Faults) -> Iterator[SourceEntry]:
    for entry in entries:
        if is_image(entry):
            yield entry
        elif entry.suffix in CONVERTIBLE:
            faults.add(
                InvalidDatasetError(
                    entry.name, "is in a format that is not read: convert it to PNG"
                )
            )
        else:
            reason = f"is no image: remove it, or use one of {', '.join(sorted(SUFFIXES))}"
            faults.add(InvalidDatasetError(entry.name, reason))


def _split_depth(entries: list[SourceEntry]) -> int | None:
    """Return at which depth the folders are splits; None without splits.

    Raises:
        InvalidDatasetError: The folders of some depth are neither all splits nor all something
            else, or two of them are the same split.
    """
    folders = [entry.parts[:-1] for entry in entries]
    found = None
    for depth in range(max(map(len, folders), default=0)):
        names = {parts[depth] for parts in folders if len(parts) > depth}
        splits = {name: folder_words.split_of(name) for name in sorted(names)}
        is_whole = all(len(parts) > depth for parts in folders)
        if (
            found is None
            and is_whole
            and None not in splits.values()
            and "train" in splits.values()
        ):
            _refuse_twins(splits)
            found = depth
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
        f"{_listed(like)} next to {_listed(neighbours)}"
        if neighbours
        else f"{_listed(like)} alone"
    )
    raise InvalidDatasetError(
        like[0],
        f"is named like a split, but the folders are {seen}. Splits are train, validation and "
        "test, and everything lies in one of them: rename, move or remove what does not",
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(map(shown, names[:SHOWN])) + more


def _placed(entry: SourceEntry, group: str | None, depth: int | None) -> Placed:
    if depth is None:
        return Placed(entry, entry.name, None, group)
    parts = list(entry.parts)
    split = folder_words.split_of(parts.pop(depth))
    return Placed(entry, "/".join(parts), split, group)
