"""The objective: classes that have an order.

Output k says how sure the network is of more than k + 1 rings.

Source: E. Frank and M. Hall, "A Simple Approach to Ordinal Classification", ECML 2001.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from densearch.plugins import Generators, InputShape, Objective, lay_out
from own_network.rings import SIDE_PX, draw


class CountingObjective(Objective):
    """Binary cross-entropy over the questions "more than one?", "more than two?", and so on."""

    def __init__(self, most: int, device: torch.device, training: Mapping[str, Any]) -> None:
        if training.get("label_smoothing", 0.0) > 0:
            raise ValueError("a count is not smoothed: leave label_smoothing out")
        self.shape = InputShape(n_channels=1, size_px=SIDE_PX)
        self.n_outputs = most - 1
        sizes = {"train": 600, "validation": 200, "test": 200}
        self._splits = {
            split: _at_most(most, draw(n, seed), device)
            for seed, (split, n) in enumerate(sizes.items(), 1)
        }

    def batches(self, batch_size: int, generators: Generators) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every training image once, in an order that is drawn."""
        images, counts = self._splits["train"]
        order = torch.randperm(len(counts), generator=generators.order).to(counts.device)
        for rows in torch.split(order, batch_size):
            yield images[rows], counts[rows]

    def n_batches(self, batch_size: int) -> int:
        """Return how many batches hold the training images."""
        return math.ceil(len(self._splits["train"][1]) / batch_size)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over samples and questions, in nats."""
        questions = torch.arange(self.n_outputs, device=targets.device)
        answers = (targets[:, None] > questions).to(outputs.dtype)
        return nn.functional.binary_cross_entropy_with_logits(outputs, answers)

    def evaluate(self, network: nn.Module, split: str, *, thorough: bool) -> dict[str, float]:
        """Return `loss`, and by how many rings a count is wrong on average."""
        images, counts = self._splits[split]
        with torch.inference_mode():
            outputs = network(lay_out(images)).double()
            error = ((outputs > 0).sum(dim=1) - counts).abs().double().mean()
            return {"loss": float(self.loss(outputs, counts)), "count_error": float(error)}


def _at_most(most: int, drawn: tuple[Any, Any], device: torch.device) -> tuple[Tensor, Tensor]:
    """Keep the images with at most so many rings; counts start at 0."""
    images, counts = drawn
    kept = counts < most
    return torch.from_numpy(images[kept]).to(device), torch.from_numpy(counts[kept]).to(device)
