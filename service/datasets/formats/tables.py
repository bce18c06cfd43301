"""The CSV files beside the images of an archive or folder: their groups, their labels."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from service.datasets.entries import GROUPS, LABELS, Entry, shown
from service.errors import InvalidDatasetError

MAX_TABLE_BYTES = 64 * 2**20


def split_off(entries: list[Entry], name: str) -> tuple[list[Entry], Entry | None]:
    """Return the entries without the one of that name, and that one."""
    rest = [entry for entry in entries if entry.name != name]
    return rest, next((entry for entry in entries if entry.name == name), None)


def groups_of(table: Entry | None, entries: list[Entry]) -> Mapping[str, str]:
    """Return the group of each file that a table of the columns name and group names.

    Raises:
        InvalidDatasetError: The table is none, or names a file that is not there.
    """
    if table is None:
        return {}
    known = {entry.name for entry in entries}
    groups: dict[str, str] = {}
    for number, row in enumerate(rows_of(table), start=1):
        if len(row) != 2:
            raise InvalidDatasetError(GROUPS, f"line {number} has {len(row)} columns, not 2")
        name, group = row
        if number == 1 and (name, group) == ("name", "group"):
            continue
        _refuse_stranger(GROUPS, number, name, known)
        if groups.setdefault(name, group) != group:
            raise InvalidDatasetError(GROUPS, f"line {number} gives {shown(name)} a second group")
    return groups


def labels_of(
    table: Entry, images: list[Entry]
) -> tuple[list[str], Mapping[str, NDArray[np.uint8]]]:
    """Return the names of the labels, and of each image which it has: (n_labels,), 0 and 1.

    Args:
        table: The column name, and one for each label.
        images: Each needs a row.

    Raises:
        InvalidDatasetError: The table is none, or does not fit the images.
    """
    (first, *names), *rows = rows_of(table) or [[""]]
    if first != "name" or not names or len(set(names)) < len(names):
        raise InvalidDatasetError(
            LABELS, "line 1 should be name and a different name for each label"
        )
    known = {image.name for image in images}
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
    for image in images:
        if image.name not in labels:
            raise InvalidDatasetError(
                image.name, f"has no line in {LABELS}: add one, or remove this image"
            )
    return names, labels


def _refuse_stranger(table: str, number: int, name: str, known: set[str]) -> None:
    if name not in known:
        raise InvalidDatasetError(
            table, f"line {number} names {shown(name)}, which is not there: correct or remove it"
        )


def rows_of(table: Entry) -> list[list[str]]:
    """Return the rows of a CSV file, without the empty ones and with trimmed cells.

    Raises:
        InvalidDatasetError: It is no UTF-8 or no CSV.
    """
    try:
        text = table.read(MAX_TABLE_BYTES).decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text), strict=True)
        return [
            [unicodedata.normalize("NFC", cell.strip()) for cell in row] for row in reader if row
        ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidDatasetError(table.name, f"is no CSV in UTF-8 ({error})") from error
