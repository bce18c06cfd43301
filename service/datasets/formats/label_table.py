"""Images and a table of their labels: ``labels.csv`` with a column of 0 and 1 for each label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service.datasets.faults import Faults
from service.datasets.formats.image_reading import contents
from service.datasets.formats.layout import Placed, image_source, laid_out
from service.datasets.formats.tables import labels_of
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import LABELS, SourceEntry, unwrapped
from service.errors import InvalidDatasetError

TITLE = "images with labels.csv"


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether the table is there."""
    return any(entry.name.lower() == LABELS for entry in unwrapped(list(entries)))


def read(entries: Sequence[SourceEntry], options: ImportOptions, faults: Faults) -> Source:
    """Read images of several labels each, whatever folders they lie in.

    Raises:
        InvalidDatasetError: The table is missing or wrong, or has no row for an image; later, one
            cannot be decoded.
    """
    layout = laid_out(entries, faults, options.encoding, has_labels=True)
    if layout.labels is None:
        raise InvalidDatasetError(LABELS, "this table is missing: put it next to the images")
    names, labels = labels_of(
        layout.labels, [image.entry for image in layout.images], options.encoding, faults
    )
    images = [image for image in layout.images if image.entry.name in labels]
    samples = _samples(images, labels, options, faults)
    return image_source("multilabel", samples, layout, options, names)


def _samples(
    images: list[Placed],
    labels: Mapping[str, NDArray[np.uint8]],
    options: ImportOptions,
    faults: Faults,
) -> Iterator[Sample]:
    values = contents((image.entry for image in images), options, faults)
    for image, content in zip(images, values, strict=True):
        if content is None:
            continue
        yield Sample(
            name=image.entry.name,
            values=content,
            label=labels[image.entry.name],
            group=image.group,
            split=image.split,
        )
