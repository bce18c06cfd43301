"""Images of any sizes, cut out and scaled to squares while they are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workers.training.data.labelled import Rows
from workers.training.data.prefetching import prefetched, sent
from workers.training.data.readers import read_all
from workers.training.data.reading import Squares, Wanted

# So many images are read at once, by one process: enough to be worth a message.
PIECE = 64


@dataclass(frozen=True, eq=False)
class CroppedRows(Rows):
    """Images that stay in their file as they came.

    Attributes:
        folder: Of the stored set.
        side: Of the squares, px.
        rows: (N,), the images' numbers in the set.
        device: Where batches go.
        key: Of the epoch that draws their boxes; None for the middle ones.
        flips: Whether every other one, by chance, is mirrored.
    """

    folder: str
    side: int
    rows: NDArray[np.intp]
    device: torch.device
    key: int | None = None
    flips: bool = False

    def in_epoch(self, order: torch.Generator, *, flips: bool) -> Rows:
        """Return the images with boxes of an epoch's own."""
        key = int(torch.randint(2**63 - 1, (), generator=order))
        return replace(self, key=key, flips=flips)

    def batches(self, order: Tensor, batch_size: int) -> Iterator[Tensor]:
        """Yield the images in `order`."""
        yield from prefetched(self._read(order, batch_size))

    def _read(self, order: Tensor, batch_size: int) -> Iterator[Tensor]:
        wanted = (
            piece for batch in torch.split(order, batch_size) for piece in self._pieces(batch)
        )
        squares = read_all(wanted)
        for batch in torch.split(order, batch_size):
            yield sent(_joined(squares, len(batch)), self.device)

    def _pieces(self, batch: Tensor) -> Iterator[Wanted]:
        for numbers in torch.split(batch, PIECE):
            rows = self.rows[numbers.numpy()].tolist()
            yield Wanted(self.folder, self.side, rows, self.key, self.flips)


def _joined(squares: Iterator[Squares], n: int) -> Tensor:
    parts = [next(squares) for _ in range(-(-n // PIECE))]
    return torch.from_numpy(parts[0] if len(parts) == 1 else np.concatenate(parts))
