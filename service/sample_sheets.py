"""What a trained network makes of a few test samples, packed as a file: the sheet of an arm.

A sheet is a NumPy archive without pickle. Its arrays say what it shows:

- restored images: `numbers` (n,), the places of the samples in the test split; `inputs`, `outputs`
  and `targets`, (n, h, w, c) of uint8; `input_psnr` and `output_psnr`, (n,), of the crops;
- masks: `numbers`, `inputs` as before; `outputs` and `targets`, (n, h, w) of uint8, 255 where no
  class is given;
- classes: `confusion`, (C, C): how many samples of each class (row) got which answer (column);
- labels: `confusion`, (L, 2, 2): of each label, how many samples have it (row), and got it.

Which samples are shown depends on their number alone, never on how well a network does.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEDIA_TYPE = "application/x-npz"
SUFFIX = ".samples.npz"
# Of a file, and of what it holds when it is unpacked.
MOST_BYTES = 1_000_000
MOST_UNPACKED = 8_000_000
# More classes or labels than these have no table.
MOST_CLASSES = 100
N_SAMPLES, SIDE_PX = 4, 64
# The samples are taken from the first ones of the split: a large one need not be read whole.
FIRST = 64
NAMES = frozenset(
    {"numbers", "inputs", "outputs", "targets", "input_psnr", "output_psnr", "confusion"}
)

Sheet = Mapping[str, NDArray[Any]]


def chosen(n_samples: int) -> list[int]:
    """Return the places of the samples that are shown, of a split of so many."""
    last = min(n_samples, FIRST) - 1
    return sorted({round(last * i / (N_SAMPLES - 1)) for i in range(N_SAMPLES)})


def packed(sheet: Sheet) -> bytes | None:
    """Return a sheet as a file, the same bytes for the same arrays; None where it is too large."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **{name: sheet[name] for name in sorted(sheet)})
    content = file.getvalue()
    return content if len(content) <= MOST_BYTES else None


def unpacked(content: bytes) -> Sheet:
    """Read a sheet.

    Raises:
        ValueError: It is none, or larger than a sheet may be.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > MOST_UNPACKED:
                raise ValueError("a sheet of samples that is too large")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            if not set(arrays.files) <= NAMES:
                raise ValueError("a sheet of samples with arrays that are not known")
            return {name: arrays[name] for name in arrays.files}
    except (zipfile.BadZipFile, OSError, EOFError, KeyError) as error:
        raise ValueError("this is no sheet of samples") from error
