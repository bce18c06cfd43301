"""Classification: name the class of a small grey image."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from workers.training.data.labelled import labelled_dataset
from workers.training.networks.shape import InputShape
from workers.training.objectives.base import Batch, Objective
from workers.training.streams import Streams
from workers.training.task import Split

_EVALUATION_BATCH = 256


class ClassificationObjective(Objective):
    """Cross-entropy over classes; accuracy stands beside it."""

    def __init__(self, section: Mapping[str, Any], device: torch.device) -> None:
        self._data = labelled_dataset(section["dataset"], device)
        self.shape = InputShape(n_channels=1, size_px=self._data.size_px)
        self.n_outputs = self._data.n_classes

    def batches(self, batch_size: int, streams: Streams) -> Iterator[Batch]:
        """Yield every training image once, in the stream's order."""
        yield from self._data.splits["train"].batches(batch_size, streams.order)

    def n_batches(self, batch_size: int) -> int:
        """Return how many batches hold the training images."""
        return math.ceil(len(self._data.splits["train"].labels) / batch_size)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy in nats."""
        return nn.functional.cross_entropy(outputs, targets)

    def evaluate(self, network: nn.Module, split: Split, *, thorough: bool) -> dict[str, float]:  # noqa: ARG002 - nothing here is slow
        """Return `loss` (cross-entropy in nats) and `accuracy` in [0, 1]."""
        data = self._data.splits[split]
        with torch.inference_mode():
            batches = data.batches(_EVALUATION_BATCH)
            logits = torch.cat([network(images) for images, _ in batches]).double()
            return {
                "loss": float(nn.functional.cross_entropy(logits, data.labels)),
                "accuracy": float((logits.argmax(dim=1) == data.labels).double().mean()),
            }
