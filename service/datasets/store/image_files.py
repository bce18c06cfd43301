"""Images one after another in one file, as they came; see `service.datasets.store.encoded`."""

from __future__ import annotations

import hashlib
import zlib
from array import array
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from service.datasets.sources.entries import Limits
from service.datasets.store.array_files import save
from service.datasets.store.encoded import CHECKSUMS, IMAGES, LENGTHS, SHAPES, EncodedImage
from service.datasets.store.flat_files import BUFFER_BYTES
from service.datasets.store.reader import Numbers


class ImageFile:
    """A file that grows by an image at a time; use it in a `with` block.

    Args:
        folder: Where the files are written.
        limits: Of the images.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits, self._n_bytes = folder, limits, 0
        self._file = (folder / IMAGES).open("wb", buffering=BUFFER_BYTES)
        self._hash = hashlib.sha256()
        # Not lists: an import of a million images holds these until its end.
        self._shapes, self._lengths, self._checksums = array("q"), array("q"), array("I")
        self.dtype = np.dtype(np.uint8)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, name: str, image: EncodedImage) -> None:
        """Write one image.

        Raises:
            InvalidDatasetError: All images together are too large.
            OSError: The disk is full, or fails.
        """
        self._n_bytes += len(image.content)
        if self._n_bytes > self._limits.unpacked_bytes:
            raise self._limits.too_large(name, "with it, the images take")
        self._hash.update(image.content)
        self._file.write(image.content)
        self._shapes.extend(image.shape)
        self._lengths.append(len(image.content))
        self._checksums.append(zlib.crc32(image.content))

    def finish(self) -> tuple[Numbers, str]:
        """Complete the files.

        Returns:
            The shapes of the images' values, (N, 3), and the SHA-256 of images, lengths and
            shapes.
        """
        self._file.close()
        shapes = np.array(self._shapes, dtype=np.int64).reshape(-1, 3)
        lengths = np.array(self._lengths, dtype=np.int64)
        save(self._folder, SHAPES, shapes)
        save(self._folder, LENGTHS, lengths)
        save(self._folder, CHECKSUMS, np.array(self._checksums, dtype=np.uint32))
        self._hash.update(lengths.tobytes())
        self._hash.update(shapes.tobytes())
        return shapes, self._hash.hexdigest()
