"""Images that are stored as they came, JPEG or PNG: where they lie in their file, and decoding.

``images.bin`` holds the files one after another, ``lengths.npy`` (N,) how long each is,
``shapes.npy`` (N, 3) its channels, height and width as it is shown, ``checksums.npy`` (N,) the
CRC-32 of each. The file is read, not mapped: one that is cut off later is an error and not the end
of the process, and what was read is not counted as the process's own memory.
"""

from __future__ import annotations

import os
import weakref
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.sources.conversion import Conversion
from service.datasets.store.array_files import DamagedDatasetError, load, load_shapes, require
from service.errors import InvalidDatasetError

ENCODED = "encoded"
IMAGES, LENGTHS, SHAPES, CHECKSUMS = "images.bin", "lengths", "shapes", "checksums"
# A box of an image in pixels: left, top, right, bottom.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedImage:
    """An image's file as it came, checked.

    Attributes:
        content: Its bytes.
        shape: Of its values, (C, H, W).
    """

    content: bytes
    shape: tuple[int, int, int]


class EncodedSamples:
    """Images of any sizes, which are decoded when they are asked for.

    Thread safety: any number of threads may read.

    Attributes:
        folder: Of the stored set.
        shapes: (N, 3), channels first, then the sides.
        nbytes: Of all values, decoded.
        dtype: Of the values.
    """

    def __init__(self, folder: Path, convert: Conversion | None) -> None:
        """Open the images in a stored set's folder.

        Raises:
            DamagedDatasetError: A file is missing, or they do not agree.
        """
        self.folder, self._path, self._convert = folder, folder / IMAGES, convert
        self.shapes = load_shapes(folder, SHAPES, 3)
        self.dtype = np.dtype(np.uint8)
        self.nbytes = int(self.shapes.prod(axis=1).sum())
        lengths = load(folder, LENGTHS, np.dtype(np.int64))
        self._checksums: NDArray[np.uint32] = load(folder, CHECKSUMS, np.dtype(np.uint32))
        n = len(self.shapes)
        is_good = lengths.shape == (n,) and bool((lengths > 0).all())
        require(is_good, folder / f"{LENGTHS}.npy", f"{n} lengths")
        require(self._checksums.shape == (n,), folder / f"{CHECKSUMS}.npy", f"{n} checksums")
        self._starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise DamagedDatasetError(
                f"{self._path} cannot be read ({error}): store the set again"
            ) from error
        weakref.finalize(self, os.close, self._file)
        found = os.fstat(self._file).st_size
        require(found == self._starts[-1], self._path, f"{self._starts[-1]} bytes")

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.shapes)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """Return image `index` decoded, (C, H, W).

        Raises:
            DamagedDatasetError: It is not what was stored.
        """
        from service.datasets.sources.images import decode  # Pillow, for those who need it

        with self._read(index) as (name, content):
            values = decode(name, content, self._convert)
        if values.shape != tuple(self.shapes[index]):
            raise self._damaged(index, f"its shape is {values.shape}")
        return values

    def resized(self, index: int, box: Box, side: int) -> NDArray[np.uint8]:
        """Return a box of image `index` scaled to (C, side, side); raises as `__getitem__`."""
        from service.datasets.sources.images import decode_box  # as above

        _, height, width = self.shapes[index].tolist()
        with self._read(index) as (name, content):
            return decode_box(name, content, self._convert, (width, height), box, side)

    @contextmanager
    def _read(self, index: int) -> Iterator[tuple[str, bytes]]:
        """Give the name and the file of an image; what cannot be decoded is damaged."""
        content = self._content(index)
        try:
            yield f"image {index}", content
        except InvalidDatasetError as error:
            if isinstance(error.__cause__, MemoryError):  # its bytes are those that were checked
                raise error.__cause__ from None
            raise self._damaged(index, str(error)) from error

    def _content(self, index: int) -> bytes:
        start, end = self._starts[index : index + 2].tolist()
        try:
            found = os.pread(self._file, end - start, start)
        except OSError as error:
            raise self._damaged(index, str(error)) from error
        if zlib.crc32(found) != self._checksums[index]:
            raise self._damaged(index, "its bytes have changed")
        return found

    def _damaged(self, index: int, reason: str) -> DamagedDatasetError:
        return DamagedDatasetError(
            f"{self._path} is damaged at image {index} ({reason}): store the set again"
        )


def is_encoded(manifest: Mapping[str, Any]) -> bool:
    """Whether a set's images are stored as they came."""
    return manifest.get("storage") == ENCODED
