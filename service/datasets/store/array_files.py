"""Reading and writing the arrays of a stored set, and what is raised where they are damaged."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray


class DamagedDatasetError(ValueError):
    """A stored set's files are missing or do not agree; the message names the file."""


class UnseenDatasetError(DamagedDatasetError):
    """A machine does not have a stored set's folder: another one may."""

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder = folder
        super().__init__(
            f"{folder} on {socket.gethostname()} {reason}: the data directory is not shared with "
            "this machine (mount it there, at the same path, for the same user), or the set was "
            "removed"
        )


def load(
    folder: Path, name: str, dtype: np.dtype[Any], *, is_mapped: bool = False
) -> NDArray[Any]:
    """Return the array in ``<name>.npy``.

    Raises:
        DamagedDatasetError: It is missing, or of another type.
    """
    path = folder / f"{name}.npy"
    try:
        found: NDArray[Any] = np.load(path, mmap_mode="r" if is_mapped else None)
    except (OSError, ValueError, EOFError) as error:
        reason = f"{path} cannot be read ({error}): store the set again"
        raise DamagedDatasetError(reason) from error
    require(found.dtype == dtype, path, f"numbers of the type {dtype}")
    return found


def save(folder: Path, name: str, values: NDArray[Any]) -> None:
    """Write an array into ``<name>.npy``, as `numpy.save` would.

    Unlike it, this raises the system's error with its number when the disk is full.

    Raises:
        OSError: The disk is full, or fails.
    """
    contiguous = np.ascontiguousarray(values)
    with (folder / f"{name}.npy").open("wb") as file:
        npy.write_array_header_1_0(file, npy.header_data_from_array_1_0(contiguous))
        file.write(contiguous.data)


def load_shapes(folder: Path, name: str, n_axes: int) -> NDArray[np.int64]:
    """Return the shapes of samples, (N, n_axes), in ``<name>.npy``; raises as `load`."""
    shapes: NDArray[np.int64] = load(folder, name, np.dtype(np.int64))
    require(
        shapes.ndim == 2 and shapes.shape[1] == n_axes and bool((shapes > 0).all()),
        folder / f"{name}.npy",
        f"{n_axes} sides of each sample",
    )
    return shapes


def require(is_good: bool, path: Path, wanted: str) -> None:  # noqa: FBT001 - a condition
    """Raise `DamagedDatasetError` unless a file is what it should be."""
    if not is_good:
        raise DamagedDatasetError(f"{path} should hold {wanted}: store the set again")
