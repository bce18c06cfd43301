"""Images in a folder for each class: ``cat/1.png``, ``dog/2.png``, or below train/, test/."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from densearch.names import quoted
from service.datasets.faults import Faults
from service.datasets.formats import folder_words
from service.datasets.formats.image_reading import contents
from service.datasets.formats.layout import Placed, image_paths, image_source, laid_out
from service.datasets.formats.partners import key_of
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import SourceEntry, listed
from service.errors import InvalidDatasetError

TITLE = "class folders"


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether every image lies in a folder."""
    paths = image_paths(entries)
    return bool(paths) and all("/" in path for path in paths)


def read(entries: Sequence[SourceEntry], options: ImportOptions, faults: Faults) -> Source:
    """Read labelled images; classes are numbered in the order of their names.

    Raises:
        InvalidDatasetError: An image lies in no folder; later, one cannot be decoded.
    """
    layout = laid_out(entries, faults, options.encoding)
    for image in layout.images:
        if "/" not in image.path:
            raise InvalidDatasetError(
                image.entry.name, "lies in no folder of a class: put it into one"
            )
    _refuse_partners(layout.images)
    _refuse_grouped(layout.images)
    classes = sorted({_class_of(image) for image in layout.images})
    if len(classes) == 1:
        raise InvalidDatasetError(
            "",
            f"it has only the class {quoted(classes[0])}: a classification needs at least two; "
            "for images without classes say format=images",
        )
    samples = _samples(layout.images, classes, options, faults)
    return image_source("labelled", samples, layout, options, classes)


def _refuse_partners(images: list[Placed]) -> None:
    """Refuse folders that hold both sides of pairs: images/1.png and labels/1.png."""
    files: dict[str, set[str]] = {}
    for image in images:
        top = _class_of(image)
        if folder_words.is_like_role(top):
            files.setdefault(top, set()).add(key_of(image))
    for one, other in combinations(sorted(files), 2):
        if files[one] == files[other]:
            raise InvalidDatasetError(
                other,
                f"has files of the same names as {one}, as pairs and masks do, not classes: call "
                "the folders input and target, or images and masks",
            )


def _refuse_grouped(images: list[Placed]) -> None:
    """Refuse fold1/cat and fold1/dog next to fold2/cat and fold2/dog: which are the classes?"""
    below: dict[str, set[str]] = {}
    for image in images:
        top, *rest = image.path.split("/")
        below.setdefault(top, set()).add(rest[0] if len(rest) > 1 else "")
    first = next(iter(below.values()))
    if len(below) > 1 and len(first) > 1 and all(own == first for own in below.values()):
        names, tops = (listed(sorted(found)) for found in (first, below))
        raise InvalidDatasetError(
            "",
            f"each of {tops} holds {names}: if those are the classes, move their files into one "
            "folder each, and name what belongs together in groups.csv",
        )


def _class_of(image: Placed) -> str:
    return image.path.partition("/")[0]


def _samples(
    images: list[Placed], classes: list[str], options: ImportOptions, faults: Faults
) -> Iterator[Sample]:
    numbers = {name: number for number, name in enumerate(classes)}
    values = contents((image.entry for image in images), options, faults)
    for image, content in zip(images, values, strict=True):
        if content is None:
            continue
        yield Sample(
            name=image.entry.name,
            values=content,
            label=numbers[_class_of(image)],
            group=image.group,
            split=image.split,
        )
