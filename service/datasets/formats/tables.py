"""The CSV files that accompany the images of an archive or folder: groups and labels."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from service.datasets.sources.entries import GROUPS, LABELS, SourceEntry, shown
from service.errors import InvalidDatasetError

# A line for each of some million images.
MAX_TABLE_BYTES = 256 * 2**20


def split_off(
    entries: list[SourceEntry], name: str
) -> tuple[list[SourceEntry], SourceEntry | None]:
    """Return the entries without the one of that name, and that one."""
    rest = [entry for entry in entries if entry.name != name]
    return rest, next((entry for entry in entries if entry.name == name), None)


def groups_of(table: SourceEntry | None, entries: list[SourceEntry]) -> Mapping[str, str]:
    """Return the group of each file that a table of the columns name and group names.

    Raises:
        InvalidDatasetError: It is no such table, or names a file that is not there.
    """
    if table is None:
        return {}
    known = {entry.name for entry in entries}
    groups: dict[str, str] = {}
    with closing(rows_of(table)) as rows:
        for number, row in enumerate(rows, start=1):
            if len(row) != 2:
                raise InvalidDatasetError(GROUPS, f"line {number} has {len(row)} columns, not 2")
            name, group = row
            if number == 1 and (name, group) == ("name", "group"):
                continue
            _refuse_stranger(GROUPS, number, name, known)
            if groups.setdefault(name, group) != group:
                reason = f"line {number} gives {shown(name)} a second group"
                raise InvalidDatasetError(GROUPS, reason)
    return groups


def labels_of(
    table: SourceEntry, images: list[SourceEntry]
) -> tuple[list[str], Mapping[str, NDArray[np.uint8]]]:
    """Return the names of the labels, and of each image which it has: (n_labels,), 0 and 1.

    Args:
        table: The column name, and one for each label.
        images: Each needs a row.

    Raises:
        InvalidDatasetError: It is no such table, or does not fit the images.
    """
    known = {image.name for image in images}
    with closing(rows_of(table)) as rows:
        names, labels = _labels(rows, known)
    for image in images:
        if image.name not in labels:
            raise InvalidDatasetError(
                image.name, f"has no line in {LABELS}: add one, or remove this image"
            )
    return names, labels


def _labels(
    rows: Iterator[list[str]], known: set[str]
) -> tuple[list[str], dict[str, NDArray[np.uint8]]]:
    first, *names = next(rows, [""])
    if first != "name" or not names or len(set(names)) < len(names):
        raise InvalidDatasetError(
            LABELS, "line 1 should be name and a different name for each label"
        )
    labels: dict[str, NDArray[np.uint8]] = {}
    for number, (name, *cells) in enumerate(rows, start=2):
        _refuse_stranger(LABELS, number, name, known)
        if name in labels:
            raise InvalidDatasetError(LABELS, f"line {number} has {shown(name)} a second time")
        if len(cells) != len(names) or not set(cells) <= {"0", "1"}:
            raise InvalidDatasetError(
                LABELS, f"line {number} should have 0 or 1 for each of {len(names)} labels"
            )
        labels[name] = np.array(cells, dtype=np.uint8)
    return names, labels


def _refuse_stranger(table: str, number: int, name: str, known: set[str]) -> None:
    if name not in known:
        raise InvalidDatasetError(
            table, f"line {number} names {shown(name)}, which is not there: correct or remove it"
        )


def rows_of(table: SourceEntry) -> Generator[list[str], None, None]:
    """Yield the rows of a CSV file, without the empty ones and with trimmed cells.

    Raises:
        InvalidDatasetError: It is no UTF-8 or no CSV, or larger than `MAX_TABLE_BYTES`.
    """
    if table.n_bytes > MAX_TABLE_BYTES:
        raise InvalidDatasetError(table.name, f"is larger than {MAX_TABLE_BYTES:,} bytes")
    try:
        # Line by line: a wrong one is refused before the rest is held.
        with table.opened() as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
            for row in csv.reader(text, strict=True):
                if row:
                    yield [unicodedata.normalize("NFC", cell.strip()) for cell in row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidDatasetError(table.name, f"is no CSV in UTF-8 ({error})") from error
