"""Base of the tasks whose networks have outputs of the size of their inputs."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from densearch.plugins.objective import Generators, Objective
from densearch.plugins.shape import InputShape, Split
from workers.training.augmentation import Augmenter
from workers.training.data.patched import PatchDataset
from workers.training.data.patches import Patches
from workers.training.data.registry import patch_dataset
from workers.training.data.subset import Subset
from workers.training.data.tiles import Tile, n_at_once, whole
from workers.training.device_memory import total_bytes_of
from workers.training.objectives.base import count_batches

# Inputs of a network and what its outputs are compared with, (B, C, *sides) each, on the device.
Pair = tuple[Tensor, Tensor]
# Sizes on which the network of a package is tried before it is trained.
_MOST_SIDES = 8


@dataclass(frozen=True, eq=False)
class Judged:
    """A batch of an evaluation: one tile of some samples.

    Attributes:
        numbers: Of the samples, (B,), on the CPU.
        tile: Where it lies in each.
        inputs: Inputs of the network, (B, C, *sides of the window).
        truth: What its outputs are compared with, likewise.
    """

    numbers: Tensor
    tile: Tile
    inputs: Tensor
    truth: Tensor


class PatchObjective(Objective):
    """Outputs of the size of their inputs, learned from patches.

    A search is judged on fixed crops of the validation split; the final evaluation on every
    pixel of the test split.

    Attributes:
        data: Where patches, crops and whole samples come from.
    """

    data: PatchDataset

    def __init__(
        self,
        section: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None = None,
    ) -> None:
        self._augmentation = Augmenter.of(training)
        self._drops_last = bool(training.get("drop_last", False))
        if self._augmentation.crop_padding_px > 0:
            raise ValueError("patches lie in random places already: they are not moved")
        part = Subset.of(section)
        self.data = patch_dataset(section["kind"], section["dataset"], device, data_dir, part)
        self._n_patches, self._patch_px = int(section["n_patches"]), int(section["patch_px"])
        self.data.require(self._patch_px)
        self.shape = InputShape(self.data.n_channels[0], self._patch_px, self.data.n_dims)
        self.n_outputs = self.data.n_outputs

    def normalise(self, inputs: Tensor) -> Tensor:
        """Return inputs as a network is given them: about zero mean and unit variance."""
        return self.data.normalise(inputs)

    def n_batches(self, batch_size: int) -> int:
        """Return how many batches hold the epoch's patches."""
        return count_batches(self._n_patches, batch_size, drops_last=self._drops_last)

    def test_share(self) -> float:
        """Return the pixels of the test split's windows over those of the crops."""
        crops = sum(parts[0].shape[0] * math.prod(parts[0].shape[2:]) for parts in self.data.crops)
        return self.data.splits["test"].n_window_px() / crops

    def judged_sides(self) -> Sequence[tuple[int, ...]]:
        """Return sizes of crops and of windows: all, or some between the smallest and largest."""
        crops = {tuple(part[0].shape[2:]) for part in self.data.crops}
        found = sorted({*crops, *self.data.splits["test"].window_sides()})
        return found[:: -(-len(found) // _MOST_SIDES)]

    def n_judged(self, split: Split) -> int:
        """Return how many images `judged` yields parts of."""
        if split == "validation":
            return sum(len(inputs) for inputs, _ in self.judged_crops())
        return len(self.data.splits[split])

    def judged(self, split: Split) -> Iterator[Judged]:
        """Yield what is judged of a split; of images in tiles, every core pixel once."""
        if split == "validation":
            yield from _in_batches(self.judged_crops())
        else:
            for numbers, tile, patches in self.data.splits[split].tiles():
                yield Judged(numbers, tile, *self.judged_tile(split, numbers, tile, patches))

    @abstractmethod
    def judged_crops(self) -> Sequence[Pair]:
        """Return inputs and truth of the validation split's fixed crops, the same for every trial.

        Returns:
            Those of one size together.
        """

    @abstractmethod
    def judged_tile(self, split: Split, numbers: Tensor, tile: Tile, patches: Patches) -> Pair:
        """Return inputs and truth of a tile of some samples, the same for every trial.

        Args:
            split: Whose samples they are.
            numbers: The samples', (B,), on the CPU.
            tile: Where it lies in each.
            patches: Its windows, as the data set has them.
        """

    def patches(self, batch_size: int, generators: Generators) -> Iterator[Patches]:
        """Yield an epoch's patches from fresh places, augmented as asked."""
        n_patches = min(self._n_patches, self.n_batches(batch_size) * batch_size)
        drawn = self.data.splits["train"].batches(
            n_patches, batch_size, self._patch_px, generators.order
        )
        for patches in drawn:
            yield self._augmentation.together(patches, generators.augmentation)


def _in_batches(crops: Sequence[Pair]) -> Iterator[Judged]:
    """Yield crops, each an image of its own."""
    first = 0
    for inputs, truth in crops:
        sides = tuple(inputs.shape[2:])
        tile, n = whole(sides), n_at_once(sides, total_bytes_of(inputs.device))
        for some, of_them in zip(torch.split(inputs, n), torch.split(truth, n), strict=True):
            numbers = torch.arange(first, first + len(some))
            yield Judged(numbers, tile, some, of_them)
            first += len(some)
