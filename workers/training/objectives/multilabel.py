"""Multi-label classification: say of each label whether a sample has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from workers.training.metrics import label_accuracy, label_scores
from workers.training.objectives.base import refuse_smoothing
from workers.training.objectives.labelled import LabelledObjective


class MultilabelObjective(LabelledObjective):
    """Binary cross-entropy, the mean over samples and labels."""

    def __init__(
        self,
        section: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None = None,
    ) -> None:
        super().__init__(section, device, training, data_dir)
        refuse_smoothing(section["kind"], training)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean binary cross-entropy in nats."""
        return nn.functional.binary_cross_entropy_with_logits(outputs, targets)

    def judge(self, logits: Tensor, labels: Tensor, *, thorough: bool) -> dict[str, float]:
        """Return `loss` (BCE in nats) and `label_accuracy`; thoroughly, F1 scores and mAP too."""
        loss = nn.functional.binary_cross_entropy_with_logits(logits, labels.double())
        quick = {"loss": float(loss), "label_accuracy": label_accuracy(logits, labels)}
        return quick | (label_scores(logits, labels) if thorough else {})
