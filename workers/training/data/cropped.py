"""Images of any size, cropped and resized to squares while they are read."""

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

# Images that one process reads for one message: enough to outweigh the message's cost.
PIECE = 64


@dataclass(frozen=True, eq=False)
class CroppedRows(Rows):
    """Images in their original files, read in batches of squares.

    Attributes:
        folder: Folder of the stored set.
        side: Side of the squares, px.
        rows: (N,), the images' indices in the set.
        device: Device of the batches.
        key: The epoch's key, from which boxes are drawn; None for centre boxes.
        flips: Whether images are mirrored with probability 1/2.
    """

    folder: str
    side: int
    rows: NDArray[np.intp]
    device: torch.device
    key: int | None = None
    flips: bool = False

    def in_epoch(self, order: torch.Generator, *, flips: bool) -> Rows:
        """Return the images with boxes drawn for one epoch."""
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
