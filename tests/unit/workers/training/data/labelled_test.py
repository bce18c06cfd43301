"""Splits of labelled samples: each sample once, with its label, in an order of the generator's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from workers.training.data.labelled import HeldRows, LabelledSplit
from workers.training.data.scaling import Scaling

N = 10
SCALE = Scaling(torch.tensor(1.0), torch.tensor(2.0))


@pytest.fixture
def split() -> LabelledSplit:
    """Samples that hold their label, stored as bytes."""
    values = torch.arange(N, dtype=torch.uint8).view(N, 1, 1).expand(N, 2, 3)
    return LabelledSplit(HeldRows(values), torch.arange(N), SCALE)


def epoch(split: LabelledSplit, seed: int = 0, first: int = 0) -> list[tuple[Tensor, Tensor]]:
    order = torch.Generator().manual_seed(seed)
    return list(split.epoch(4, order, flips=False, first=first))


def labels_of(batches: Iterator[tuple[Tensor, Tensor]] | list[tuple[Tensor, Tensor]]) -> list[int]:
    return torch.cat([labels for _, labels in batches]).tolist()


def test_an_epoch_has_every_sample_once_with_its_label_and_scaled(split: LabelledSplit) -> None:
    batches = epoch(split)
    assert [len(labels) for _, labels in batches] == [4, 4, 2]
    assert sorted(labels_of(batches)) == list(range(N))
    for samples, labels in batches:
        assert samples.shape[1:] == (2, 3)
        assert torch.equal(samples[:, 0, 0], (labels - 1) / 2)


def test_the_order_is_the_generators(split: LabelledSplit) -> None:
    assert labels_of(epoch(split)) == labels_of(epoch(split))
    assert labels_of(epoch(split)) != labels_of(epoch(split, seed=1))


def test_later_batches_are_those_of_the_whole_epoch(split: LabelledSplit) -> None:
    assert labels_of(epoch(split, first=1)) == labels_of(epoch(split)[1:])
    assert epoch(split, first=3) == []


def test_all_draws_come_before_the_first_batch(split: LabelledSplit) -> None:
    order = torch.Generator().manual_seed(0)
    batches = split.epoch(4, order, flips=False)
    state = order.get_state()
    assert len(list(batches)) == 3
    assert torch.equal(order.get_state(), state)


def test_evaluation_has_them_in_their_own_order(split: LabelledSplit) -> None:
    assert labels_of(split.batches(4)) == list(range(N))
