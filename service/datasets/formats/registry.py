"""The formats by name, and which one a list of files is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

from service.datasets import options
from service.datasets.faults import Faults
from service.datasets.formats.layout import require_images
from service.datasets.options import ImportOptions
from service.datasets.samples import Source
from service.datasets.sources.entries import SourceEntry
from service.errors import InvalidDatasetError

# Endings of what is unpacked before it is sent.
ARCHIVES = frozenset({".npz", ".zip", ".tar", ".tgz", ".gz", ".7z", ".rar", ".bz2", ".xz"})


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    Attributes:
        name: What a user calls it.
        title: What a page calls it.
        fits: Whether files of these names are in it.
        read: Opens them; samples are read when they are asked for, and faults collected then.
    """

    name: str
    title: str
    fits: Callable[[Sequence[SourceEntry]], bool]
    read: Callable[[Sequence[SourceEntry], ImportOptions, Faults], Source]


def _format(name: str, module: str) -> Format:
    found = import_module(f"service.datasets.formats.{module}")
    return Format(name, found.TITLE, found.fits, found.read)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {name: _format(name, module) for name, module in options.FORMATS.items()}
)


def recognised(entries: Sequence[SourceEntry], name: str) -> Format:
    """Return the format of that name, or for "auto" the one that the files are in.

    Raises:
        InvalidDatasetError: There are no files, or they are in no format that is known.
    """
    if not entries:
        raise InvalidDatasetError("", "it is empty: there is no file in it")
    if name != "auto":
        return FORMATS[name]
    for found in FORMATS.values():
        if found.fits(entries):
            return found
    archives = [entry.name for entry in entries if entry.suffix in ARCHIVES]
    if archives:
        raise InvalidDatasetError(
            archives[0], "is an archive in an archive: send it itself, or pack what it holds"
        )
    require_images(entries)
    raise InvalidDatasetError(
        "format",
        f"its layout is not known by its names: say which of {', '.join(FORMATS)} it is "
        "(some images lie in folders and some do not)",
    )
