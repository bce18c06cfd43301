"""Classification: name the class of a small grey image."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from workers.training.augmentation import Augmentation
from workers.training.data.labelled import labelled_dataset
from workers.training.networks.shape import InputShape
from workers.training.objectives.base import Batch, Objective
from workers.training.streams import Streams
from workers.training.task import Split

_EVALUATION_BATCH = 256


class ClassificationObjective(Objective):
    """Cross-entropy over classes; accuracy stands beside it."""

    def __init__(
        self,
        section: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None = None,  # noqa: ARG002 - the built-in sets need none
    ) -> None:
        self._data = labelled_dataset(section["dataset"], device)
        self._label_smoothing = float(training.get("label_smoothing", 0.0))
        self._augmentation = Augmentation.of(training)
        if self._augmentation.crop_padding_px >= self._data.size_px:
            raise ValueError(
                f"crops of {self._data.size_px} px would miss an image that is padded with "
                f"{self._augmentation.crop_padding_px} px"
            )
        self.shape = InputShape(n_channels=1, size_px=self._data.size_px)
        self.n_outputs = self._data.n_classes

    def batches(self, batch_size: int, streams: Streams) -> Iterator[Batch]:
        """Yield every training image once, in the stream's order, augmented as asked."""
        for images, labels in self._data.splits["train"].batches(batch_size, streams.order):
            yield self._augmentation(images, streams.augmentation), labels

    def n_batches(self, batch_size: int) -> int:
        """Return how many batches hold the training images."""
        return math.ceil(len(self._data.splits["train"].labels) / batch_size)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross-entropy in nats, to smoothed labels where that is asked for.

        Smoothing by s leaves 1 - s to the label and spreads s over all classes.

        Source: C. Szegedy et al., arXiv:1512.00567, section 7.
        """
        return nn.functional.cross_entropy(outputs, targets, label_smoothing=self._label_smoothing)

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
