"""Read the images of an import: as values, or as files that were checked by decoding them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from service.cores import allotted
from service.datasets.faults import Faults
from service.datasets.options import ImportOptions
from service.datasets.samples import Content
from service.datasets.sources.conversion import Conversion
from service.datasets.sources.entries import SourceEntry
from service.datasets.sources.images import MAX_FILE_BYTES, decode, decoded
from service.datasets.store.encoded import ENCODED, EncodedImage
from service.errors import InvalidDatasetError

# Pillow decodes without the interpreter's lock. Each thread may hold an image of
# `Limits.n_pixels`, so there are few.
_MOST_THREADS = 4


def contents(
    images: Iterable[SourceEntry], options: ImportOptions, faults: Faults
) -> Iterator[Content | None]:
    """Yield the images in their order, each as the options have it stored.

    One that cannot be decoded (see `images.decoded`) is a fault, and None in its place.
    """
    if options.storage != ENCODED:
        for image in images:
            found = None
            with faults.of_one():
                found = decoded(image, options.convert, options.size_px)
            yield found
        return
    n_threads = min(_MOST_THREADS, allotted())
    with ThreadPoolExecutor(n_threads, thread_name_prefix="decode") as threads:
        under_way: deque[Future[EncodedImage]] = deque()
        try:
            for image in images:
                under_way.append(_submitted(threads, image, options.convert))
                if len(under_way) > 2 * n_threads:
                    yield _result(under_way.popleft(), faults)
            while under_way:
                yield _result(under_way.popleft(), faults)
        finally:
            threads.shutdown(cancel_futures=True)


def _submitted(
    threads: ThreadPoolExecutor, image: SourceEntry, convert: Conversion | None
) -> Future[EncodedImage]:
    try:
        # An archive is read by one thread alone.
        content = image.read(MAX_FILE_BYTES)
    except InvalidDatasetError as error:
        failed: Future[EncodedImage] = Future()
        failed.set_exception(error)
        return failed
    return threads.submit(_checked, image, content, convert)


def _result(under_way: Future[EncodedImage], faults: Faults) -> EncodedImage | None:
    try:
        return under_way.result()
    except InvalidDatasetError as error:
        faults.add(error)
        return None


def _checked(image: SourceEntry, content: bytes, convert: Conversion | None) -> EncodedImage:
    """Decode all of an image, so that a damaged one is found now."""
    values = decode(image.name, content, convert, max_pixels=image.max_pixels)
    n_channels, height, width = values.shape
    return EncodedImage(content, (n_channels, height, width))
