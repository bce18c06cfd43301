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
        name: value for name, value in found.items() if name not in ("loss", "constant_loss")
    }


@pytest.mark.parametrize("n_classes", [2, 10])
def test_no_constant_output_has_a_lower_loss_than_the_one_reported(n_classes: int) -> None:
    random = torch.Generator().manual_seed(n_classes)
    labels = torch.randint(n_classes, (500,), generator=random).clamp(max=n_classes - 2 or 1)
    shares = torch.bincount(labels, minlength=n_classes).double() / 500
    constants = [
        shares.clamp(min=1e-12).log(),
        *torch.randn(50, n_classes, dtype=torch.float64, generator=random),
    ]
    found = [taken_in(ClassTally(), one.expand(500, -1), labels, 128) for one in constants]
    least = min(one["loss"] for one in found)
    assert found[0]["loss"] == pytest.approx(least)
    assert all(one["constant_loss"] == pytest.approx(least) for one in found)


def test_the_constant_loss_of_labels_is_the_mean_of_their_entropies() -> None:
    labels = torch.tensor([[1.0, 0.0, 1.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 1.0]])
    found = taken_in(LabelsTally(), torch.zeros(4, 3, dtype=torch.float64), labels, 2)
    assert found["constant_loss"] == pytest.approx(np.log(2) / 3)


def test_losses_of_items_are_those_of_their_samples() -> None:
    random = np.random.default_rng(3)
    logits, classes = random.normal(size=(9, 4)), random.integers(4, size=9)
    tally = ClassTally()
    mean = taken_in(tally, torch.tensor(logits), torch.tensor(classes), 4)["loss"]
    likely = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert tally.item_losses().numpy() == pytest.approx(-np.log(likely[np.arange(9), classes]))
    assert float(tally.item_losses().mean()) == pytest.approx(mean, rel=1e-12)
    labels, several = random.integers(2, size=(9, 4)), LabelsTally()
    mean = taken_in(several, torch.tensor(logits), torch.tensor(labels), 4)["loss"]
    right = 1 / (1 + np.exp(np.where(labels == 1, -logits, logits)))
    assert several.item_losses().numpy() == pytest.approx(-np.log(right).mean(1))
    assert float(several.item_losses().mean()) == pytest.approx(mean, rel=1e-12)


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
