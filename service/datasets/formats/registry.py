"""The formats by name, and which one a list of files is in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from service.datasets.formats import (
    cifar,
    class_folders,
    idx,
    label_table,
    npz,
    pairs,
    plain_images,
)
from service.datasets.options import ImportOptions
from service.datasets.samples import Source
from service.datasets.sources.entries import Entry
from service.errors import InvalidDatasetError


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    Attributes:
        name: What a user calls it.
        fits: Whether files of these names are in it.
        read: Opens them; samples are read when they are asked for.
    """

    name: str
    fits: Callable[[Sequence[Entry]], bool]
    read: Callable[[Sequence[Entry], ImportOptions], Source]


# In the order in which they are tried: pairs lie in folders, as classes do.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        found.name: found
        for found in (
            Format("npz", npz.fits, npz.read),
            Format("cifar", cifar.fits, cifar.read),
            Format("idx", idx.fits, idx.read),
            Format("labels", label_table.fits, label_table.read),
            Format("pairs", pairs.fits, pairs.read),
            Format("classes", class_folders.fits, class_folders.read),
            Format("images", plain_images.fits, plain_images.read),
        )
    }
)


def recognised(entries: Sequence[Entry], name: str) -> Format:
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
    raise InvalidDatasetError(
        "format",
        f"its layout is not known by its names: say which of {', '.join(FORMATS)} it is "
        "(some images lie in folders and some do not)",
    )
