"""Image to image: turn each input into its target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from densearch.plugins.objective import Batch, Generators
from densearch.plugins.shape import Split
from workers.training.data.patched import by_channel
from workers.training.data.patches import Patches
from workers.training.data.tiles import Tile
from workers.training.objectives.patched import Pair
from workers.training.objectives.restoration import RestorationObjective


class ImageToImageObjective(RestorationObjective):
    """Regression of what has to be added to a base, in units of its root mean square.

    The base is the input where target and input have as many channels, else the target's mean in
    each channel. So an output of 0 is the input itself, or the mean, and the size of the training
    loss does not depend on how much there is to be changed.
    """

    def __init__(
        self,
        section: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None = None,
    ) -> None:
        super().__init__(section, device, training, data_dir)
        self._is_residual = self.shape.n_channels == self.n_outputs
        self._unit = self._root_mean_square()
        self.loss_unit = 2 * self._unit**2

    def batches(self, batch_size: int, generators: Generators) -> Iterator[Batch]:
        """Yield patches from fresh places, and what is to be added to their base, in units."""
        for inputs, targets in self.patches(batch_size, generators):
            yield self.normalise(inputs), (targets - self._base(inputs)) / self._unit

    def restored(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Return the base with the outputs added."""
        return self._base(inputs) + self._unit * outputs

    def judged_crops(self) -> Sequence[Pair]:
        """Return crops of the inputs and of the targets."""
        return [(inputs, targets) for inputs, targets in self.data.crops]

    def judged_tile(self, split: Split, numbers: Tensor, tile: Tile, patches: Patches) -> Pair:  # noqa: ARG002 - nothing is drawn
        """Return windows of the inputs and of the targets."""
        inputs, targets = patches
        return inputs, targets

    def _base(self, inputs: Tensor) -> Tensor:
        return inputs if self._is_residual else self.data.target_mean

    def _root_mean_square(self) -> float:
        """Return that of what is to be added, over fixed crops of the train split; 1 where 0."""
        crops = self.data.splits["train"].crops()
        added = [targets - self._base(inputs) for inputs, targets in crops]
        return float(by_channel(added).square().mean().sqrt()) or 1.0
