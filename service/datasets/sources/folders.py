"""Folders on the server as lists of entries."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

from service.datasets.faults import Faults
from service.datasets.sources.clutter import is_clutter
from service.datasets.sources.entries import (
    Clutter,
    Limits,
    Listing,
    SourceEntry,
    distinct,
    safe_name,
)
from service.datasets.sources.text_encoding import Encoding, decoded_name
from service.errors import InvalidDatasetError

FIELD = "folder"
_UNREADABLE = "cannot be read by the server: allow it to, or remove it"


def allowed_folder(folder: str, roots: Sequence[Path]) -> tuple[Path, Path]:
    """Find a folder that a user names below one of the roots.

    Args:
        folder: Absolute, or relative to a root.
        roots: Folders whose contents may become data sets.

    Returns:
        The folder and its root, without links.

    Raises:
        InvalidDatasetError: It is below none of them, or is no folder.
    """
    if not roots:
        raise InvalidDatasetError(
            FIELD,
            "no folder of this server may become a data set: set DENSEARCH_DATASET_ROOTS, or "
            "upload a file",
        )
    for root in (path.resolve() for path in roots):
        # A loop of links (RuntimeError), a name that no file can have (the others).
        with suppress(RuntimeError, ValueError, OSError):
            found = (root / folder).resolve()
            if found.is_relative_to(root) and found.is_dir():
                return found, root
    raise InvalidDatasetError(FIELD, "there is no such folder below the roots of data sets")


def folder_entries(folder: Path, root: Path, limits: Limits, encoding: Encoding | None) -> Listing:
    """Return the files below a folder.

    Links to files are followed within `root`.

    Args:
        folder: See `allowed_folder`.
        root: Its root.
        limits: Of its files.
        encoding: Of the names that are no UTF-8.

    Raises:
        InvalidDatasetError: A link leads out of `root` or to a folder; something cannot be read.
    """
    entries, clutter, faults = [], Clutter(), Faults()
    for path, relative in _found(folder):
        if is_clutter(relative):
            clutter.add(relative)
            continue
        with faults.of_one():
            name = safe_name(decoded_name(relative, encoding))
            entries.append(_entry(path, name, root, limits))
        if len(entries) > limits.n_files:
            raise limits.too_many()
    return Listing(distinct(entries), clutter, faults)


def _found(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files with their paths below the folder; clutter is not entered, but counted."""
    for place, folders, files in os.walk(folder, onerror=_refuse_unreadable):
        for name in files:
            yield (path := Path(place) / name), path.relative_to(folder).as_posix()
        for name in folders:
            path = Path(place) / name
            relative = path.relative_to(folder).as_posix()
            if is_clutter(f"{name}/"):
                yield path, f"{relative}/"
                continue
            # What is too long to be looked at is refused by its name.
            safe_name(relative.encode("utf-8", "replace").decode())
            if path.is_symlink():
                raise InvalidDatasetError(name, "is a link to a folder: copy the folder")
        folders[:] = [name for name in folders if not is_clutter(f"{name}/")]


def _entry(path: Path, name: str, root: Path, limits: Limits) -> SourceEntry:
    try:
        target = path.resolve()
        if not target.is_relative_to(root):
            raise InvalidDatasetError(name, "is a link that leads out of the roots: copy the file")
        status = target.stat()
    except (RuntimeError, OSError) as error:  # a link to itself, or to nothing
        raise InvalidDatasetError(name, "cannot be found: remove it") from error
    if not stat.S_ISREG(status.st_mode):
        raise InvalidDatasetError(name, "is no plain file: remove it")
    # Of a million files: a path as an object would take several times as much.
    opener = partial(_opened, os.fspath(target), name)
    return SourceEntry(name, status.st_size, opener, limits.n_pixels)


def _opened(path: str, name: str) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise InvalidDatasetError(name, _UNREADABLE) from error


def _refuse_unreadable(error: OSError) -> None:
    name = Path(error.filename).name if error.filename else ""
    raise InvalidDatasetError(name, _UNREADABLE) from error
