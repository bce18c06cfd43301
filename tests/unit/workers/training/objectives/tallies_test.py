"""Scores that are taken in batch by batch are those of all samples at once."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from workers.training.metrics import n_correct
from workers.training.objectives.tallies import ClassTally, LabelsTally, Tally


def taken_in(tally: Tally, logits: Tensor, labels: Tensor, batch_size: int) -> dict[str, float]:
    for of, own in zip(
        torch.split(logits, batch_size), torch.split(labels, batch_size), strict=True
    ):
        tally.add(of, own)
    return tally.metrics(thorough=True)


@pytest.mark.parametrize("n", [1, 7, 255, 257, 3000, 20_011])
@pytest.mark.parametrize("n_classes", [2, 10, 100])
def test_losses_of_classes_are_the_same_bits_in_batches(n: int, n_classes: int) -> None:
    random = torch.Generator().manual_seed(n)
    logits = 5 * torch.randn(n, n_classes, dtype=torch.float64, generator=random)
    labels = torch.randint(n_classes, (n,), generator=random)
    found = taken_in(ClassTally(), logits, labels, 256)
    assert found["loss"] == float(nn.functional.cross_entropy(logits, labels))
    assert found["accuracy"] == float((logits.argmax(1) == labels).double().mean())
    assert ("accuracy_top5" in found) == (n_classes > 5)
    assert {name: int(count) / n for name, count in n_correct(logits, labels).items()} == {
        name: value for name, value in found.items() if name != "loss"
    }


def test_a_tally_of_classes_keeps_no_logits() -> None:
    tally, logits = ClassTally(), np.zeros((64, 1000))
    kept = weakref.ref(logits)
    tally.add(torch.from_numpy(logits), torch.zeros(64, dtype=torch.long))
    del logits
    assert kept() is None  # a view of it would hold its memory
    assert tally.metrics(thorough=False)["loss"] == pytest.approx(np.log(1000))


def test_a_loss_that_is_not_finite_is_seen() -> None:
    logits = torch.tensor([[0.0, float("nan")], [1.0, 2.0]], dtype=torch.float64)
    found = taken_in(ClassTally(), logits, torch.tensor([0, 1]), 1)
    assert found["loss"] != found["loss"]


def test_several_labels_are_judged_alike_in_batches() -> None:
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(300, 4, dtype=torch.float64, generator=random)
    labels = (torch.rand(300, 4, generator=random) < 0.5).float()
    whole = taken_in(LabelsTally(), logits, labels, 300)
    assert taken_in(LabelsTally(), logits, labels, 64) == whole
    assert whole["loss"] == float(
        nn.functional.binary_cross_entropy_with_logits(logits, labels.double())
    )
