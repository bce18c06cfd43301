"""Scores of networks on the samples of a split, taken in batch by batch."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn import functional

from workers.training.metrics import (
    CONSTANT_LOSS,
    entropy,
    label_accuracy,
    label_entropy,
    label_scores,
    n_correct,
)


class Tally(ABC):
    """What is kept of the samples that one network has been judged on."""

    @abstractmethod
    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Take in a batch.

        Args:
            logits: (B, n_outputs), float64.
            labels: Of the same samples, as the data set has them.
        """

    @abstractmethod
    def metrics(self, *, thorough: bool) -> dict[str, float]:
        """Return `loss`, the reported objective, and the task's own metrics.

        Args:
            thorough: Whether to include metrics that are slow to compute.
        """

    @abstractmethod
    def item_losses(self) -> Tensor:
        """Return the loss of each sample, (N,), float64; their mean is `loss`."""


class ClassTally(Tally):
    """Of classes: a loss for each sample, and counts. A split's logits need not fit in memory."""

    def __init__(self) -> None:
        self._losses: list[Tensor] = []
        self._counts: dict[str, Tensor] = {}
        self._labels: list[Tensor] = []

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Take in a batch."""
        self._losses.append(functional.cross_entropy(logits, labels, reduction="none"))
        self._labels.append(labels)
        for name, count in n_correct(logits, labels).items():
            self._counts[name] = self._counts.get(name, torch.zeros_like(count)) + count

    def metrics(self, *, thorough: bool) -> dict[str, float]:
        """Return `loss` (cross-entropy in nats), `accuracy` and perhaps `accuracy_top5`.

        Thoroughly, `constant_loss` too.
        """
        losses = torch.cat(self._losses)
        # Summed as cross_entropy sums those of all samples at once: the same bits.
        loss = functional.nll_loss(-losses[:, None], torch.zeros_like(losses, dtype=torch.long))
        shares = {name: float(count) / len(losses) for name, count in self._counts.items()}
        quick = {"loss": float(loss), **shares}
        return quick | ({CONSTANT_LOSS: entropy(torch.cat(self._labels))} if thorough else {})

    def item_losses(self) -> Tensor:
        """Return each sample's cross-entropy."""
        return torch.cat(self._losses)


class LabelsTally(Tally):
    """Of several labels a sample: all logits are kept, since the mean average precision ranks."""

    def __init__(self) -> None:
        self._logits: list[Tensor] = []
        self._labels: list[Tensor] = []

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Take in a batch."""
        self._logits.append(logits)
        self._labels.append(labels)

    def metrics(self, *, thorough: bool) -> dict[str, float]:
        """Return `loss` (BCE in nats) and `label_accuracy`.

        Thoroughly, F1 scores, mAP and `constant_loss` too.
        """
        logits, labels = torch.cat(self._logits), torch.cat(self._labels)
        loss = functional.binary_cross_entropy_with_logits(logits, labels.double())
        quick = {"loss": float(loss), "label_accuracy": label_accuracy(logits, labels)}
        if not thorough:
            return quick
        constant = {CONSTANT_LOSS: label_entropy(labels)}
        return quick | label_scores(logits, labels) | constant

    def item_losses(self) -> Tensor:
        """Return each sample's binary cross-entropy, the mean over its labels."""
        logits, labels = torch.cat(self._logits), torch.cat(self._labels)
        each = functional.binary_cross_entropy_with_logits(
            logits, labels.double(), reduction="none"
        )
        return each.mean(dim=1)
