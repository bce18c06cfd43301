"""Images without labels, in whatever folders: what denoising is trained on, such as DIV2K."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.datasets.entries import Entry
from service.datasets.formats.layout import Placed, laid_out
from service.datasets.images import decoded
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source


def fits(entries: Sequence[Entry]) -> bool:
    """Whether there are images at the top, or below split folders and nothing else."""
    images = laid_out(list(entries)).images
    return bool(images) and all("/" not in image.path for image in images)


def read(entries: Sequence[Entry], options: ImportOptions) -> Source:
    """Read images, whatever folders they lie in.

    Raises:
        InvalidDatasetError: A file is no image; later, one cannot be decoded.
    """
    layout = laid_out(list(entries))
    return Source("unlabelled", 2, _samples(layout.images, options), left_out=layout.left_out)


def _samples(images: list[Placed], options: ImportOptions) -> Iterator[Sample]:
    for image in images:
        yield Sample(
            name=image.entry.name,
            values=decoded(image.entry, options.convert, options.size_px),
            group=image.group,
            split=image.split,
        )
