"""Classification: name the class of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from workers.training.objectives.labelled import LabelledObjective
from workers.training.objectives.tallies import ClassTally, Tally


class ClassificationObjective(LabelledObjective):
    """Cross-entropy over classes; accuracy is reported as well."""

    def __init__(
        self,
        section: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None = None,
    ) -> None:
        super().__init__(section, device, training, data_dir)
        self._label_smoothing = float(training.get("label_smoothing", 0.0))

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy in nats, to smoothed labels where that is asked for.

        Smoothing by s leaves 1 - s to the label and spreads s over all classes.

        Source: C. Szegedy et al., arXiv:1512.00567, section 7.
        """
        return nn.functional.cross_entropy(outputs, targets, label_smoothing=self._label_smoothing)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return several networks' at once: a row of logits is computed by itself."""
        each = nn.functional.cross_entropy(
            outputs.flatten(0, 1),
            targets.repeat(len(outputs)),
            reduction="none",
            label_smoothing=self._label_smoothing,
        )
        return each.view(len(outputs), -1).mean(dim=1)

    def tally(self) -> Tally:
        """See `LabelledObjective.tally`."""
        return ClassTally()
