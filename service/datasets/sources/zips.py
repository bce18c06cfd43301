"""Zip archives as lists of entries."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from service.datasets.faults import Faults
from service.datasets.sources.archives import counted, faults_of
from service.datasets.sources.clutter import is_clutter
from service.datasets.sources.entries import (
    Clutter,
    Limits,
    Listing,
    SourceEntry,
    distinct,
    safe_name,
)
from service.datasets.sources.text_encoding import Encoding, decoded_names, unicode_path
from service.errors import InvalidDatasetError

# A file that unpacks to more than so many times its size is a bomb, if it is large.
MAX_RATIO = 200
RATIO_FREE_BYTES = 100 * 2**20
# Of the list of files at a zip file's end, which is read whole; an entry takes 46 and its name.
DIRECTORY_BYTES_PER_FILE = 160
# APPNOTE.TXT 4.3.16 and 4.3.14: the records that say how long that list is.
_END, _END_64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sQ2H2L4Q")
_IN_END_64 = 2**32 - 1
# 4.4.4, bit 11, and the systems of 4.4.2 whose paths have backslashes: DOS, OS/2, Windows.
_IS_UTF8, _DOS = 0x800, frozenset({0, 6, 10, 14})


@contextmanager
def open_zip(path: Path, limits: Limits, encoding: Encoding | None) -> Iterator[Listing]:
    """Give the files of a zip archive.

    Args:
        path: The archive.
        limits: Of its files.
        encoding: Of the names whose encoding the archive leaves open.

    Raises:
        InvalidDatasetError: It is no zip file, or one that is made to do harm.
    """
    _refuse_large_directory(path, limits)
    with _opened(path) as archive:
        infos = [
            info
            for info in archive.infolist()
            if not _slashed(info, info.orig_filename).endswith("/")
        ]
        _refuse_bomb(path, [info.file_size for info in infos], limits)
        # The names of clutter are ASCII, whatever the encoding; it is passed over unjudged.
        faults, entries, kept, clutter = Faults(), [], [], Clutter()
        for info in infos:
            name = _slashed(info, info.orig_filename)
            if is_clutter(name):
                clutter.add(name)
            else:
                kept.append(info)
        for name, info in zip(_names(kept, encoding), kept, strict=True):
            with faults.of_one():
                entries.append(_entry(archive, safe_name(name), info, limits))
        yield Listing(distinct(entries), clutter, faults)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        with faults_of(""):
            return zipfile.ZipFile(path)
    except (ValueError, struct.error) as error:  # a name that is no text; broken extra fields
        raise InvalidDatasetError("", f"it is a damaged zip file ({error})") from error


def _slashed(info: zipfile.ZipInfo, name: str) -> str:
    """Return a name with "/" between folders, as DOS and Windows may not have written it."""
    return name.replace("\\", "/") if info.create_system in _DOS else name


def _names(infos: list[zipfile.ZipInfo], encoding: Encoding | None) -> list[str]:
    """Return the names by the evidence in the archive; `encoding` is that of the others."""
    found: dict[int, str] = {}
    unknown: dict[int, bytes] = {}
    for index, info in enumerate(infos):
        if info.flag_bits & _IS_UTF8 or info.orig_filename.isascii():
            found[index] = info.orig_filename
            continue
        raw = info.orig_filename.encode("cp437")  # as which it was read, of lack of a better one
        known = unicode_path(info.extra, raw)
        if known is None:
            unknown[index] = raw
        else:
            found[index] = known
    found |= dict(zip(unknown, decoded_names(list(unknown.values()), encoding), strict=True))
    return [_slashed(info, found[index]) for index, info in enumerate(infos)]


def _entry(
    archive: zipfile.ZipFile, name: str, info: zipfile.ZipInfo, limits: Limits
) -> SourceEntry:
    if stat.S_IFMT(info.external_attr >> 16) not in {0, stat.S_IFREG}:
        raise InvalidDatasetError(name, "is a link or a device: pack the file itself")
    if info.flag_bits & 0x1:
        raise InvalidDatasetError(name, "is locked by a password: pack it without")
    opener = partial(_open_member, archive, info, name)
    return SourceEntry(name, info.file_size, opener, limits.n_pixels)


def _open_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> IO[bytes]:
    with faults_of(name):
        return counted(name, archive.open(info), info.file_size)


def _refuse_large_directory(path: Path, limits: Limits) -> None:
    """Look for the length of the list of files, which would all be read at once.

    Whatever could be an end record counts, since readers differ in which one they take.
    """
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - 2**16 - 2 * _END.size - _END_64.size))
        tail = file.read()
    sizes = [_END.unpack_from(tail, at)[5] for at in _places(b"PK\5\6", _END, tail)]
    sizes = [found for found in sizes if found != _IN_END_64]
    sizes += [_END_64.unpack_from(tail, at)[8] for at in _places(b"PK\6\6", _END_64, tail)]
    if not sizes:
        raise InvalidDatasetError("", "it is no whole zip file: send all of it")
    if max(sizes) > DIRECTORY_BYTES_PER_FILE * limits.n_files:
        raise limits.too_many()


def _places(magic: bytes, record: struct.Struct, tail: bytes) -> Iterator[int]:
    for found in re.finditer(re.escape(magic), tail):
        if found.start() <= len(tail) - record.size:
            yield found.start()


def _refuse_bomb(path: Path, sizes: list[int], limits: Limits) -> None:
    if len(sizes) > limits.n_files:
        raise limits.too_many()
    total = sum(sizes)
    if total > limits.unpacked_bytes:
        raise limits.too_large("", "it unpacks to")
    if total > RATIO_FREE_BYTES and total > MAX_RATIO * path.stat().st_size:
        raise InvalidDatasetError(
            "",
            f"it unpacks to {total:,} bytes, over {MAX_RATIO} times its size, as zip bombs do: "
            "pack it with less compression",
        )
