"""Multi-label classification: say of each label whether a sample has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from workers.training.objectives.base import refuse_smoothing
from workers.training.objectives.labelled import LabelledObjective
from workers.training.objectives.tallies import LabelsTally, Tally


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

    def tally(self) -> Tally:
        """See `LabelledObjective.tally`."""
        return LabelsTally()
