"""The files of an upload or a folder, whatever holds them, and which names are refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePosixPath
from typing import IO

from densearch import names
from service.datasets.faults import Faults, FirstFew
from service.errors import InvalidDatasetError

MAX_NAME_LENGTH = 500
# So many names are listed in a sentence.
MAX_LISTED = 5
# Tables that describe the images in the same folder.
GROUPS, LABELS = "groups.csv", "labels.csv"
TABLES = frozenset({GROUPS, LABELS})
# Notes that people keep with their data, by their suffixes, or by their names without any.
_NOTES = frozenset(
    {
        ".txt", ".md", ".rst", ".html", ".htm", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".json",
        ".yaml", ".yml", ".toml", ".bib", ".cff", ".log", ".md5", ".sha1", ".sha256", ".sha512",
        ".asc", ".sig",
    }
)  # fmt: skip
_NOTE_NAMES = frozenset(
    {
        "readme", "license", "licence", "copying", "copyright", "authors", "contributors",
        "citation", "changelog", "changes", "notice", "version", "checksums", "md5sums",
        "sha1sums", "sha256sums", "sha512sums",
    }
)  # fmt: skip


# What is stored may take more room than the files it came in: values more than images.
UNPACKED_FACTOR = 16
MAX_SAMPLES = 5_000_000
MAX_PIXELS = 80_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator allows a data set.

    Attributes:
        upload_bytes: Most bytes of an upload; unpacked, and as stored, `UNPACKED_FACTOR` times.
        n_files: Most files in it.
        n_samples: Most samples of it.
        n_pixels: Most pixels of one of its images.
    """

    upload_bytes: int
    n_files: int = 2_000_000
    n_samples: int = MAX_SAMPLES
    n_pixels: int = MAX_PIXELS

    @property
    def unpacked_bytes(self) -> int:
        """Most bytes of all files unpacked, and of what is stored."""
        return UNPACKED_FACTOR * self.upload_bytes

    def too_many(self) -> InvalidDatasetError:
        """Return the refusal of too many files."""
        return InvalidDatasetError(
            "",
            f"it has more than {self.n_files:,} files: raise DENSEARCH_MAX_DATASET_FILES, or "
            "store the data as .npz",
        )

    def too_many_samples(self) -> InvalidDatasetError:
        """Return the refusal of too many samples."""
        return InvalidDatasetError(
            "",
            f"it has more than {self.n_samples:,} samples: raise DENSEARCH_MAX_DATASET_SAMPLES, "
            "or store fewer",
        )

    def too_large(self, entry: str, what: str) -> InvalidDatasetError:
        """Return the refusal of too many bytes; `what` names them, as "it unpacks to"."""
        return InvalidDatasetError(
            entry,
            f"{what} more than {self.unpacked_bytes:,} bytes: raise DENSEARCH_MAX_DATASET_BYTES, "
            f"of which they may be {UNPACKED_FACTOR} times as many, or store fewer or smaller "
            "samples",
        )


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A file.

    Attributes:
        name: Its path in the archive or folder, with "/".
        n_bytes: Its declared size, unpacked.
        opener: Opens it for reading; a fault of the archive is an `InvalidDatasetError`.
        max_pixels: Most pixels that it may have, if it is an image.
    """

    name: str
    n_bytes: int
    opener: Callable[[], IO[bytes]]
    max_pixels: int = MAX_PIXELS

    @property
    def parts(self) -> tuple[str, ...]:
        """The names along its path."""
        return PurePosixPath(self.name).parts

    @property
    def suffix(self) -> str:
        """The ending of its name in lower case, with the dot."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def stem(self) -> str:
        """Its path without the ending."""
        return str(PurePosixPath(self.name).with_suffix(""))

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open it for reading."""
        with self.opener() as file:
            yield file

    def read(self, max_bytes: int) -> bytes:
        """Return its content.

        Raises:
            InvalidDatasetError: It is larger than `max_bytes`, or cannot be read.
        """
        limit = min(self.n_bytes, max_bytes)
        with self.opened() as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise InvalidDatasetError(self.name, f"is larger than {limit:,} bytes")
        return content


class Clutter(FirstFew[str]):
    """Names of files of systems and programs, which were passed over."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What an archive or a folder holds.

    Attributes:
        entries: Its files, sorted by name.
        clutter: What was passed over.
        faults: Of files that cannot be taken by their names or kinds.
    """

    entries: list[SourceEntry]
    clutter: Clutter
    faults: Faults


def shown(name: str) -> str:
    """Return a name that a terminal can print, cut to a reasonable length."""
    text = names.shown(name)
    return text if len(text) <= 100 else f"{text[:60]}...{text[-30:]}"


def listed(found: Sequence[str]) -> str:
    """Return some names for a sentence: the first `MAX_LISTED`, and how many more there are."""
    more = f" and {len(found) - MAX_LISTED:,} more" if len(found) > MAX_LISTED else ""
    return ", ".join(map(shown, found[:MAX_LISTED])) + more


def safe_name(name: str) -> str:
    """Return an entry's name, an accented letter as one character however it was written.

    Raises:
        InvalidDatasetError: It is empty, leads out of its folder, or cannot be printed.
    """
    # macOS stores letters and accents separately (NFD); names typed into a table do not.
    name = unicodedata.normalize("NFC", name)
    parts = name.split("/")
    is_windows = "\\" in name or (len(parts[0]) > 1 and parts[0][1] == ":")
    if name.startswith("/") or is_windows or ".." in parts:
        raise InvalidDatasetError(
            shown(name), "names are relative, with / and without ..: pack the folder's content"
        )
    if not all(map(names.is_safe, name)) or len(name) > MAX_NAME_LENGTH:
        raise InvalidDatasetError(
            shown(name),
            f"names are printable text of at most {MAX_NAME_LENGTH} characters, without control "
            "characters and invisible ones: rename the file",
        )
    found = "/".join(part for part in parts if part not in {"", "."})
    if not found:
        raise InvalidDatasetError(shown(name), "is no name of a file: pack the folder's content")
    return found


def distinct(entries: Iterable[SourceEntry]) -> list[SourceEntry]:
    """Return the entries sorted by name, so that how they were packed changes nothing.

    Raises:
        InvalidDatasetError: Two have one name.
    """
    ordered = sorted(entries, key=lambda entry: entry.name)
    for one, other in pairwise(ordered):
        if one.name == other.name:
            raise InvalidDatasetError(one.name, "comes twice: keep one of them")
    return ordered


def is_note(entry: SourceEntry) -> bool:
    """Whether a file's name is that of a note about data, such as README.txt or LICENSE."""
    return entry.suffix in _NOTES or entry.parts[-1].lower() in _NOTE_NAMES


def unwrapped(entries: list[SourceEntry]) -> list[SourceEntry]:
    """Remove the outer folder where one holds everything but notes."""
    while True:
        data = [entry for entry in entries if not is_note(entry)]
        tops = {entry.parts[0] for entry in data}
        # A folder of images alone is a class; one with a table is what somebody packed.
        is_set = any(len(e.parts) > 2 or e.parts[-1].lower() in TABLES for e in data)
        if len(tops) != 1 or not is_set or any(len(entry.parts) == 1 for entry in data):
            return entries
        (top,) = tops
        entries = [
            replace(entry, name="/".join(entry.parts[1:]))
            if len(entry.parts) > 1 and entry.parts[0] == top
            else entry
            for entry in entries
        ]


def without_notes(entries: list[SourceEntry]) -> tuple[list[SourceEntry], list[str]]:
    """Separate notes such as README.txt from the entries; return both, the notes by name."""
    notes = [entry.name for entry in entries if is_note(entry)]
    return [entry for entry in entries if not is_note(entry)], notes
