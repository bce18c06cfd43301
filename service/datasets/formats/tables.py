"""The CSV files that accompany the images of an archive or folder: groups and labels."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from service.datasets.faults import Faults
from service.datasets.sources.entries import GROUPS, LABELS, SourceEntry, shown
from service.datasets.sources.text_encoding import REMEDY, Encoding, of_table
from service.errors import InvalidDatasetError

# What the column of names may be called, and how programs write 0 and 1, in small letters.
_HEADS = frozenset({"name", "names", "file", "filename", "file_name", "image", "path"})
_VALUES = {
    "0": 0, "0.0": 0, "0,0": 0, "false": 0, "no": 0,
    "1": 1, "1.0": 1, "1,0": 1, "true": 1, "yes": 1,
}  # fmt: skip
_SEP = re.compile(r'"?sep=(.?)"?', re.IGNORECASE)
# A line for each of some million images.
MAX_TABLE_BYTES = 256 * 2**20


def split_off(
    entries: list[SourceEntry], name: str
) -> tuple[list[SourceEntry], SourceEntry | None]:
    """Return the entries without the one of that name, in any case of letters, and that one.

    Raises:
        InvalidDatasetError: There are two.
    """
    found = [entry for entry in entries if entry.name.lower() == name]
    if len(found) > 1:
        raise InvalidDatasetError(
            found[1].name, f"is a second table next to {found[0].name}: remove one of them"
        )
    rest = [entry for entry in entries if entry not in found]
    return rest, next(iter(found), None)


def groups_of(
    table: SourceEntry | None,
    entries: list[SourceEntry],
    encoding: Encoding | None,
    faults: Faults,
) -> Mapping[str, str]:
    """Return the group of each file that a table of the columns name and group names.

    Args:
        table: A line for each file; an empty group is none.
        entries: The files.
        encoding: Of the table, if it is not in UTF-8 and does not say.
        faults: Takes the lines that name a file that is not there, which are left out.

    Raises:
        InvalidDatasetError: It is no such table.
    """
    if table is None:
        return {}
    known = {entry.name for entry in entries}
    groups: dict[str, str] = {}
    with closing(rows_of(table, encoding)) as rows:
        for index, (line, row) in enumerate(rows):
            if len(row) != 2:
                raise InvalidDatasetError(GROUPS, f"line {line} has {len(row)} columns, not 2")
            cell, group = row
            if index == 0 and _is_head(cell) and cell not in known:
                continue
            name = _known(GROUPS, line, cell, known, faults)
            if name is None:
                continue
            if group and groups.setdefault(name, group) != group:
                reason = f"line {line} gives {shown(name)} a second group"
                raise InvalidDatasetError(GROUPS, reason)
    return groups


def labels_of(
    table: SourceEntry,
    images: list[SourceEntry],
    encoding: Encoding | None,
    faults: Faults,
) -> tuple[list[str], Mapping[str, NDArray[np.uint8]]]:
    """Return the names of the labels, and of each image which it has: (n_labels,), 0 and 1.

    Args:
        table: The column name, and one for each label.
        images: Each needs a row.
        encoding: Of the table, if it is not in UTF-8 and does not say.
        faults: Takes lines without an image and images without a line, which are left out.

    Raises:
        InvalidDatasetError: It is no such table.
    """
    known = {image.name for image in images}
    with closing(rows_of(table, encoding)) as rows:
        names, labels = _labels(rows, known, faults)
    for image in images:
        if image.name not in labels:
            reason = f"has no line in {LABELS}: add one, or remove this image"
            faults.add(InvalidDatasetError(image.name, reason))
    return names, labels


def _labels(
    rows: Iterator[tuple[int, list[str]]], known: set[str], faults: Faults
) -> tuple[list[str], dict[str, NDArray[np.uint8]]]:
    line, (first, *names) = next(rows, (1, [""]))
    if not _is_head(first) or not names or len(set(names)) < len(names) or "" in names:
        raise InvalidDatasetError(
            LABELS, f"line {line} should be name and a different name for each label"
        )
    labels: dict[str, NDArray[np.uint8]] = {}
    for line, (cell, *cells) in rows:
        name = _known(LABELS, line, cell, known, faults)
        if name is None:
            continue
        if name in labels:
            raise InvalidDatasetError(LABELS, f"line {line} has {shown(name)} a second time")
        values = [_VALUES.get(cell.lower()) for cell in cells]
        if len(cells) != len(names) or None in values:
            raise InvalidDatasetError(
                LABELS, f"line {line} should have 0 or 1 for each of {len(names)} labels"
            )
        labels[name] = np.array(values, dtype=np.uint8)
    return names, labels


def _is_head(cell: str) -> bool:
    return cell.lower() in _HEADS


def _known(table: str, line: int, cell: str, known: set[str], faults: Faults) -> str | None:
    """Return the name of the file that a cell means, which may be written as ./img/1.png.

    If there is none, that is a fault, and the name None.
    """
    for path in (cell, cell.replace("\\", "/")):
        name = "/".join(part for part in path.split("/") if part not in {"", "."})
        if name in known:
            return name
    reason = f"line {line} names {shown(cell)}, which is not there: correct or remove it"
    faults.add(InvalidDatasetError(table, reason))
    return None


def rows_of(
    table: SourceEntry, encoding: Encoding | None
) -> Generator[tuple[int, list[str]], None, None]:
    """Yield the rows of a table with the numbers of their lines in the file.

    Its first row shows whether commas, semicolons or tabs part the cells. Rows without a value are
    left out, and so are columns without one at the end; cells are trimmed.

    Raises:
        InvalidDatasetError: It is in another encoding, no CSV, or larger than `MAX_TABLE_BYTES`.
    """
    if table.n_bytes > MAX_TABLE_BYTES:
        raise InvalidDatasetError(table.name, f"is larger than {MAX_TABLE_BYTES:,} bytes")
    codec = _codec(table, encoding)
    try:
        # Line by line: a wrong one is refused before the rest is held.
        with table.opened() as file, io.TextIOWrapper(file, codec, newline="") as text:
            yield from _parsed(text)
    except UnicodeDecodeError as error:
        raise InvalidDatasetError(table.name, f"is not in {codec} ({error}): {REMEDY}") from error
    except csv.Error as error:
        raise InvalidDatasetError(table.name, f"is no CSV ({error})") from error


def _codec(table: SourceEntry, encoding: Encoding | None) -> str:
    with table.opened() as file:
        return of_table(file.read(4), encoding)


def _parsed(text: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    n_before, first = 0, ""
    for first in text:
        n_before += 1
        if first.strip(" \t\r\n,;"):
            break
    delimiter = _delimiter(first)
    if said := _SEP.fullmatch(first.strip()):  # Excel's own line
        delimiter, n_before, first = said[1] or "\t", n_before + 1, ""
    n_columns = 0
    reader = csv.reader(chain([first] * bool(first), text), delimiter=delimiter, strict=True)
    for row in reader:
        cells = [unicodedata.normalize("NFC", cell.strip()) for cell in row]
        if not any(cells):
            continue
        n_columns = n_columns or max(i for i, cell in enumerate(cells, start=1) if cell)
        while len(cells) > n_columns and not cells[-1]:
            cells.pop()
        yield n_before - 1 + reader.line_num, cells


def _delimiter(line: str) -> str:
    """Return what parts the cells of a line: what it has most of outside of quotes."""
    bare = "".join(line.split('"')[::2])
    return max(",;\t|", key=bare.count)
