"""Losses of items: their packed form, and what is refused."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from service import item_losses
from service.item_losses import ItemLosses

VALUES = np.array([0.1, 3.5e-8, 2e30, -1.5], dtype=np.float32)


def test_what_is_packed_is_unpacked_bit_for_bit() -> None:
    groups = np.array([0, 0, 7, 1])
    found = ItemLosses.unpacked(4, *ItemLosses.of(VALUES, groups).packed())
    assert found.losses is not None
    assert found.losses.tobytes() == VALUES.tobytes()
    assert found.groups is not None
    assert found.groups.tolist() == [0, 0, 7, 1]
    alone = ItemLosses.unpacked(4, *ItemLosses.of(VALUES, None).packed())
    assert alone.groups is None


def test_the_packed_form_is_little_endian_float32() -> None:
    losses, _ = ItemLosses.of(np.array([1.0]), None).packed()
    assert losses is not None
    assert zlib.decompress(losses) == b"\x00\x00\x80\x3f"  # IEEE 754


def test_of_too_many_items_only_their_number_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_losses, "MOST_ITEMS", 3)
    found = ItemLosses.unpacked(4, *ItemLosses.of(VALUES, np.arange(4)).packed())
    assert (found.n_items, found.losses, found.groups) == (4, None, None)
    assert ItemLosses.of(VALUES[:3], None).losses is not None


def test_each_item_has_one_loss_and_one_group() -> None:
    for losses, groups in ((VALUES[:2, None], None), (VALUES, np.zeros(2, dtype=np.int32))):
        with pytest.raises(ValueError, match="one loss each"):
            ItemLosses(len(losses), losses, groups)
    with pytest.raises(ValueError, match="an item at least"):
        ItemLosses.of(VALUES[:0], None)
