"""The losses of a test split's items under one trained network, packed for the database."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Of a training with more items none are kept: 4 MB a training.
MOST_ITEMS = 1_000_000
# With fewer groups no interval over items is given: it would be too narrow (ADR 55).
LEAST_GROUPS = 10
_LOSS, _GROUP = np.dtype("<f4"), np.dtype("<i4")


@dataclass(frozen=True, slots=True, eq=False)
class ItemLosses:
    """The loss of each item, in the order of the split; their mean is the test loss.

    An item is what the loss is a mean over: an image, a signal, a row of a table.

    Attributes:
        n_items: How many there are, at least 1.
        losses: (n,), float32, in the unit of the reported loss; None where there are too many.
        groups: (n,), int32: items with the same number come from one source, such as a photograph;
            None where each is a source of its own.
    """

    n_items: int
    losses: NDArray[np.float32] | None
    groups: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        for values in (self.losses, self.groups):
            if values is not None and values.shape != (self.n_items,):
                raise ValueError("items need one loss each, and one group")
        if self.n_items < 1:
            raise ValueError("an evaluation has an item at least")

    @classmethod
    def of(cls, losses: NDArray[np.floating], groups: NDArray[np.integer] | None) -> ItemLosses:
        """Keep the losses of up to `MOST_ITEMS` items, and only the number of more."""
        if len(losses) > MOST_ITEMS:
            return cls(len(losses), None)
        kept = None if groups is None else groups.astype(np.int32)
        return cls(len(losses), losses.astype(np.float32), kept)

    def packed(self) -> tuple[bytes | None, bytes | None]:
        """Return losses and groups as compressed bytes, little-endian."""
        pairs = ((self.losses, _LOSS), (self.groups, _GROUP))
        losses, groups = (
            None if values is None else zlib.compress(values.astype(kind).tobytes())
            for values, kind in pairs
        )
        return losses, groups

    @classmethod
    def unpacked(cls, n_items: int, losses: bytes | None, groups: bytes | None) -> ItemLosses:
        """Return what `packed` has packed."""
        return cls(
            n_items,
            None if losses is None else _values(losses, _LOSS).astype(np.float32),
            None if groups is None else _values(groups, _GROUP).astype(np.int32),
        )


def _values(packed: bytes, kind: np.dtype[np.generic]) -> NDArray[np.generic]:
    return np.frombuffer(zlib.decompress(packed), kind)
