"""Classification: the loss by its formula."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.support.trainings import DIGITS
from workers.training.objectives import build_objective

CPU = torch.device("cpu")


def test_labels_are_smoothed_as_the_paper_says() -> None:
    objective = build_objective(DIGITS, CPU, {"label_smoothing": 0.2})
    logits = torch.randn(5, 10, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 3, 9, 9, 1])
    wanted = 0.8 * nn.functional.one_hot(labels, 10) + 0.2 / 10
    by_hand = -(wanted * logits.log_softmax(1)).sum(1).mean()
    assert float(objective.loss(logits, labels)) == pytest.approx(float(by_hand), rel=1e-6)


def test_several_networks_losses_are_those_of_each() -> None:
    objective = build_objective(DIGITS, CPU, {"label_smoothing": 0.2})
    logits = torch.randn(3, 5, 10, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 3, 9, 9, 1])
    each = [float(objective.loss(own, labels)) for own in logits]
    assert objective.losses(logits, labels).tolist() == pytest.approx(each, rel=1e-6)
