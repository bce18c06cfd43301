"""Arrays in NumPy's format, read a few rows at a time. Headers are read first, pickles never."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from service.datasets.sources.entries import SourceEntry
from service.errors import InvalidDatasetError

# Booleans, integers, floating-point numbers and text; no objects, no structures.
NUMBERS, WHOLE, TEXT = frozenset("biuf"), frozenset("biu"), frozenset("US")
# The last character of Unicode, and the upper bits of the halves of surrogate pairs.
MAX_CHARACTER, SURROGATES = 0x10FFFF, 0xD800 >> 11
BLOCK_BYTES = 2**22
# A row is read whole: a volume of 512 x 512 x 512 in double precision.
MAX_ROW_BYTES = 2**30
# A header is a Python literal, which may be nested until its reader gives up.
_NO_HEADER = (
    ValueError, KeyError, EOFError, TypeError, SyntaxError, TokenError, MemoryError,
    RecursionError,
)  # fmt: skip
# Version 3 differs in the names of structures alone, which are refused.
_READERS = {
    (1, 0): npy.read_array_header_1_0,
    (2, 0): npy.read_array_header_2_0,
    (3, 0): npy.read_array_header_2_0,
}


@dataclass(frozen=True, slots=True)
class Header:
    """The header of an array's file."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_fortran: bool


def header_of(entry: SourceEntry) -> Header:
    """Return an array's header.

    Raises:
        InvalidDatasetError: It is no array of numbers or text.
    """
    with entry.opened() as file:
        return _header(entry.name, file)


def _header(name: str, file: IO[bytes]) -> Header:
    try:
        reader = _READERS[npy.read_magic(file)]
        shape, is_fortran, dtype = reader(file)
    except _NO_HEADER as error:
        reason = f"is no array of NumPy's ({_first_line(error)}): write it by np.savez"
        raise InvalidDatasetError(name, reason) from error
    if dtype.hasobject:
        raise InvalidDatasetError(
            name, "holds Python objects: pickles are never read, give numbers"
        )
    if dtype.kind not in NUMBERS | TEXT:
        raise InvalidDatasetError(name, f"holds values of the kind {dtype}: give numbers")
    # Without bytes in a row, nothing would stop a promise of endless rows.
    if dtype.itemsize == 0 or any(side < 1 for side in shape[1:]) or any(n < 0 for n in shape):
        raise InvalidDatasetError(name, f"has the impossible shape {shape}")
    return Header(shape, dtype, is_fortran)


def _first_line(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text.partition("\n")[0]


def blocks(entry: SourceEntry) -> Iterator[NDArray[Any]]:
    """Yield an array of at least one axis, some rows at a time, in the machine's byte order.

    Raises:
        InvalidDatasetError: The file ends too early, or lies in columns.
    """
    with entry.opened() as file:
        header = _header(entry.name, file)
        if header.is_fortran and len(header.shape) > 1:
            raise InvalidDatasetError(
                entry.name, "lies in columns: save np.ascontiguousarray(array) instead"
            )
        row_bytes = header.dtype.itemsize * math.prod(header.shape[1:])
        if row_bytes > MAX_ROW_BYTES:
            raise InvalidDatasetError(
                entry.name,
                f"has {row_bytes:,} bytes a row: at most {MAX_ROW_BYTES:,} are taken, cut the "
                "samples into smaller ones",
            )
        n_each = max(1, BLOCK_BYTES // row_bytes)
        for start in range(0, header.shape[0], n_each):
            n = min(n_each, header.shape[0] - start)
            # A header may promise more than there is: nothing is set aside before it is read.
            content = file.read(n * row_bytes)
            if len(content) < n * row_bytes:
                raise InvalidDatasetError(entry.name, "ends too early: save and send it again")
            block = np.frombuffer(content, header.dtype).reshape(n, *header.shape[1:])
            yield block.astype(header.dtype.newbyteorder("="), copy=False)
        if file.read(1):
            raise InvalidDatasetError(entry.name, "is longer than its header says: save it again")


def rows(entry: SourceEntry) -> Iterator[NDArray[Any]]:
    """Yield the rows of an array; see `blocks`."""
    for block in blocks(entry):
        yield from block


def whole(entry: SourceEntry, max_bytes: int) -> NDArray[Any]:
    """Return an array of at least one axis that is small.

    Raises:
        InvalidDatasetError: It takes more than `max_bytes`, or cannot be read.
    """
    header = header_of(entry)
    n_bytes = header.dtype.itemsize * math.prod(header.shape)
    if not header.shape or n_bytes > max_bytes:
        raise InvalidDatasetError(
            entry.name, f"has the shape {header.shape}: it should be one value or row a sample"
        )
    return np.concatenate([np.empty((0, *header.shape[1:]), header.dtype), *blocks(entry)])


def texts(name: str, values: NDArray[Any]) -> list[str]:
    """Return whole numbers or texts, (N,), as texts.

    Raises:
        InvalidDatasetError: They are something else, or not Unicode.
    """
    if values.dtype.kind not in WHOLE | TEXT:
        raise InvalidDatasetError(name, f"holds {values.dtype}: give whole numbers or texts")
    if values.dtype.kind == "U":
        # NumPy keeps a number for each character, and believes whatever a file says.
        characters = np.ascontiguousarray(values).view(np.uint32)
        is_text = (characters <= MAX_CHARACTER) & (characters >> 11 != SURROGATES)
        if not is_text.all():
            raise InvalidDatasetError(name, "holds texts that are not Unicode: save it again")
    try:
        return [v.decode() if isinstance(v, bytes) else str(v) for v in values.tolist()]
    except UnicodeDecodeError as error:
        raise InvalidDatasetError(name, f"holds texts that are not UTF-8 ({error})") from error
