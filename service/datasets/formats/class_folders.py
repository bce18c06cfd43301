"""Images in a folder for each class: ``cat/1.png``, ``dog/2.png``, or below train/, test/."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.datasets.formats.image_reading import contents
from service.datasets.formats.layout import Placed, image_source, laid_out
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import SourceEntry
from service.errors import InvalidDatasetError

TITLE = "class folders"


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether every image lies in a folder."""
    images = laid_out(list(entries)).images
    return bool(images) and all("/" in image.path for image in images)


def read(entries: Sequence[SourceEntry], options: ImportOptions) -> Source:
    """Read labelled images; classes are numbered in the order of their names.

    Raises:
        InvalidDatasetError: An image lies in no folder; later, one cannot be decoded.
    """
    layout = laid_out(list(entries))
    for image in layout.images:
        if "/" not in image.path:
            raise InvalidDatasetError(
                image.entry.name, "lies in no folder of a class: put it into one"
            )
    classes = sorted({_class_of(image) for image in layout.images})
    samples = _samples(layout.images, classes, options)
    return image_source("labelled", samples, layout, options, classes)


def _class_of(image: Placed) -> str:
    return image.path.partition("/")[0]


def _samples(images: list[Placed], classes: list[str], options: ImportOptions) -> Iterator[Sample]:
    numbers = {name: number for number, name in enumerate(classes)}
    values = contents((image.entry for image in images), options)
    for image, content in zip(images, values, strict=True):
        yield Sample(
            name=image.entry.name,
            values=content,
            label=numbers[_class_of(image)],
            group=image.group,
            split=image.split,
        )
