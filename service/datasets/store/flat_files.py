"""Arrays of any sizes, written one after another into one ``.npy`` file as they come."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.lib import format as npy

from service.datasets.sources.entries import Limits
from service.datasets.store.array_files import save
from service.datasets.store.reader import Numbers, Values

BUFFER_BYTES = 2**20


class FlatFile:
    """A one-dimensional array that grows by a sample at a time; use it in a `with` block.

    Args:
        folder: Where `<name>.npy` and `<shapes>.npy` are written.
        name: Of the file of values.
        shapes: Of the file of shapes.
        limits: Of the values.
    """

    def __init__(self, folder: Path, name: str, shapes: str, limits: Limits) -> None:
        self._folder, self._shapes_name = folder, shapes
        self._file = (folder / f"{name}.npy").open("wb", buffering=BUFFER_BYTES)
        self._limits, self._n_bytes = limits, 0
        self._hash = hashlib.sha256()
        self._shapes: list[tuple[int, ...]] = []
        self.dtype: np.dtype[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, name: str, values: Values) -> None:
        """Write one sample.

        Raises:
            InvalidDatasetError: All samples together are too large.
            OSError: The disk is full, or fails.
        """
        if self.dtype is None:
            self.dtype = values.dtype
            self._head(0)
        self._n_bytes += values.nbytes
        if self._n_bytes > self._limits.unpacked_bytes:
            raise self._limits.too_large(name, "with it, the samples take")
        content = np.ascontiguousarray(values).data
        self._hash.update(content)
        self._file.write(content)
        self._shapes.append(values.shape)

    def finish(self) -> tuple[Numbers, str]:
        """Complete both files.

        Returns:
            The shapes, (N, 1 + n_dims), and the SHA-256 of values and shapes.
        """
        if self.dtype is None:
            raise ValueError("nothing was written")
        # The header has room for a length that is known at the end only.
        self._file.seek(0)
        self._head(self._n_bytes // self.dtype.itemsize)
        self._file.close()
        shapes = np.array(self._shapes, dtype=np.int64)
        save(self._folder, self._shapes_name, shapes)
        self._hash.update(shapes.tobytes())
        return shapes, self._hash.hexdigest()

    def _head(self, length: int) -> None:
        if self.dtype is None:
            raise ValueError("nothing was written")
        descr = npy.dtype_to_descr(self.dtype)
        npy.write_array_header_1_0(
            self._file, {"descr": descr, "fortran_order": False, "shape": (length,)}
        )
