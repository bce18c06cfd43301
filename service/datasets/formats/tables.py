"""The CSV files beside the images of an archive or folder: who belongs to which group."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping

from service.datasets.entries import Entry, shown
from service.errors import InvalidDatasetError

GROUPS = "groups.csv"
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
        name, group = (unicodedata.normalize("NFC", cell.strip()) for cell in row)
        if number == 1 and (name, group) == ("name", "group"):
            continue
        if name not in known:
            raise InvalidDatasetError(
                GROUPS,
                f"line {number} names {shown(name)}, which is not there: correct or remove it",
            )
        if groups.setdefault(name, group) != group:
            raise InvalidDatasetError(GROUPS, f"line {number} gives {shown(name)} a second group")
    return groups


def rows_of(table: Entry) -> list[list[str]]:
    """Return the rows of a CSV file, without the empty ones.

    Raises:
        InvalidDatasetError: It is no UTF-8 or no CSV.
    """
    try:
        text = table.read(MAX_TABLE_BYTES).decode("utf-8-sig")
        return [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidDatasetError(table.name, f"is no CSV in UTF-8 ({error})") from error
