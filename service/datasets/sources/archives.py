"""Archives as lists of entries. Nothing is unpacked to where a name says.

What an archive declares is checked before anything is read, and what is read is counted.
"""

from __future__ import annotations

import errno
import gzip
import io
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol, Self

from service.datasets.faults import Faults
from service.datasets.progress import ImportProgress
from service.datasets.sources.clutter import is_clutter
from service.datasets.sources.entries import (
    Clutter,
    Limits,
    Listing,
    SourceEntry,
    distinct,
    safe_name,
    shown,
)
from service.datasets.sources.text_encoding import Encoding, decoded_name
from service.errors import InvalidDatasetError

CHUNK_BYTES = 2**20
GZIP_MAGIC = b"\x1f\x8b"
_MAGIC, _MAGIC_AT = b"ustar", 257
# A name or an attribute that a header of a tar file has no room for; its reader reads it whole.
MAX_TAR_EXTRA_BYTES = 64 * 2**10
_TAR_EXTRAS = frozenset(
    {
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
    }
)
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile)


@contextmanager
def faults_of(name: str) -> Iterator[None]:
    """Turn what an archive finds wrong with an entry into an error that names the entry."""
    try:
        yield
    except _DAMAGE as error:
        raise InvalidDatasetError(name, f"is damaged ({error}): pack it again") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # an offset before the file's start
            raise
        raise InvalidDatasetError(
            name, "is damaged (its offset is wrong): pack it again"
        ) from error
    except (NotImplementedError, RuntimeError) as error:
        raise InvalidDatasetError(
            name, f"cannot be unpacked ({error}): pack it with deflate and no password"
        ) from error


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class _Counted(io.RawIOBase):
    """A stream that names its entry in every fault, and breaks off when it is too long."""

    def __init__(self, name: str, inner: _Readable, max_bytes: int) -> None:
        self._name, self._inner, self._max = name, inner, max_bytes
        self._left = max_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        with faults_of(self._name):
            content = self._inner.read(len(buffer))
        self._left -= len(content)
        if self._left < 0:
            raise InvalidDatasetError(self._name, f"unpacks to more than {self._max:,} bytes")
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._inner.close()
        super().close()


def counted(name: str, inner: _Readable, max_bytes: int) -> IO[bytes]:
    """Return a buffered stream; over `max_bytes` and damage are an `InvalidDatasetError`."""
    return io.BufferedReader(_Counted(name, inner, max_bytes), CHUNK_BYTES)


def unzipped(entry: SourceEntry, max_bytes: int) -> SourceEntry:
    """Return an entry whose gzip is taken off, if its name says that it has one."""
    if entry.suffix != ".gz":
        return entry
    name = entry.name.removesuffix(".gz")

    def opener() -> IO[bytes]:
        return counted(entry.name, _Gunzipped(entry.opener()), max_bytes)

    return SourceEntry(name, entry.n_bytes, opener)


class _Gunzipped(gzip.GzipFile):
    """A gzip reader that closes what it reads."""

    def __init__(self, inner: IO[bytes]) -> None:
        super().__init__(fileobj=inner, mode="rb")
        self._own = inner

    def close(self) -> None:
        super().close()
        self._own.close()


class _Member(tarfile.TarInfo):
    """A member whose headers are whole and short."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            # Zeros end an archive. What else is no header would be taken for its end as well.
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise
            raise InvalidDatasetError("", f"it is damaged ({error}): send all of it") from error

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        # The place that tarfile names for subclasses to look at a member's type.
        if self.type in _TAR_EXTRAS and self.size > MAX_TAR_EXTRA_BYTES:
            raise InvalidDatasetError(
                shown(self.name), f"has a header of {self.size:,} bytes: pack the files again"
            )
        found: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return found


def is_tar(head: bytes) -> bool:
    """Whether a file that begins so is a plain tar archive, also one of the time before ustar."""
    if head[_MAGIC_AT:].startswith(_MAGIC):
        return True
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


@contextmanager
def open_tar(
    path: Path, scratch: Path, limits: Limits, encoding: Encoding | None, progress: ImportProgress
) -> Iterator[Listing]:
    """Give the files of a tar archive, plain or gzipped.

    It can be read from front to back only, so its files are copied to `scratch`, by number.

    Args:
        path: The archive.
        scratch: An empty folder.
        limits: Of its files.
        encoding: Of the names that are no UTF-8.
        progress: Counts the bytes of the archive.

    Raises:
        InvalidDatasetError: It is no tar file, or one that is made to do harm.
    """
    with path.open("rb") as raw, faults_of(""):
        is_gzipped = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        raw.seek(0)
        inner: _Readable = gzip.GzipFile(fileobj=raw) if is_gzipped else raw
        # Headers and padding are counted too: 1 KiB for each file, if there are most.
        stream = counted("", inner, limits.unpacked_bytes + 1024 * limits.n_files)
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Member, encoding="utf-8") as archive:
            listing = _copied(
                archive, scratch, limits, encoding, lambda: progress.reach(raw.tell())
            )
    yield listing


def _copied(
    archive: tarfile.TarFile,
    scratch: Path,
    limits: Limits,
    encoding: Encoding | None,
    on_read: Callable[[], None],
) -> Listing:
    n_left = limits.unpacked_bytes
    entries, clutter, faults = [], Clutter(), Faults()
    for number, member in enumerate(archive):
        # It would keep all of them, with their headers.
        archive.members.clear()  # type: ignore[attr-defined]  # public, but not in the stubs
        if number == limits.n_files:
            raise limits.too_many()
        if member.isdir():
            continue
        if is_clutter(member.name):
            clutter.add(member.name)
            continue
        n_left -= member.size
        if n_left < 0:
            raise limits.too_large(shown(member.name), "with it, the files unpack to")
        with faults.of_one():
            name = safe_name(decoded_name(member.name, encoding))
            target = scratch / str(number)
            _copy(archive, member, name, target, on_read)
            opener = partial(_opened, os.fspath(target))
            entries.append(SourceEntry(name, member.size, opener, limits.n_pixels))
    return Listing(distinct(entries), clutter, faults)


def _copy(
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    name: str,
    target: Path,
    on_read: Callable[[], None],
) -> None:
    content = archive.extractfile(member) if member.isreg() else None
    if content is None:
        raise InvalidDatasetError(name, "is a link or a device: pack the file itself")
    with content, target.open("wb") as copy:
        while chunk := content.read(CHUNK_BYTES):
            copy.write(chunk)
            on_read()


def _opened(path: str) -> IO[bytes]:
    return Path(path).open("rb")
