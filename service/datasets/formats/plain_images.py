"""Images without labels, in any folders: what denoising is trained on, such as DIV2K."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.datasets.faults import Faults
from service.datasets.formats.image_reading import contents
from service.datasets.formats.layout import Placed, image_paths, image_source, laid_out
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import SourceEntry

TITLE = "images alone"


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether there are images at the top, or below split folders and nothing else."""
    paths = image_paths(entries)
    return bool(paths) and all("/" not in path for path in paths)


def read(entries: Sequence[SourceEntry], options: ImportOptions, faults: Faults) -> Source:
    """Read images, whatever folders they lie in.

    Raises:
        InvalidDatasetError: A file is no image; later, one cannot be decoded.
    """
    layout = laid_out(entries, faults, options.encoding)
    return image_source("unlabelled", _samples(layout.images, options, faults), layout, options)


def _samples(images: list[Placed], options: ImportOptions, faults: Faults) -> Iterator[Sample]:
    values = contents((image.entry for image in images), options, faults)
    for image, content in zip(images, values, strict=True):
        if content is None:
            continue
        yield Sample(
            name=image.entry.name,
            values=content,
            group=image.group,
            split=image.split,
        )
