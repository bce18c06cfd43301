"""What denoising and image-to-image restoration have in common."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from workers.training.augmentation import Augmentation
from workers.training.data.patched import PatchDataset
from workers.training.data.patches import Patches
from workers.training.data.registry import patch_dataset
from workers.training.data.tiles import Tile, n_at_once, whole
from workers.training.device_memory import total_bytes_of
from workers.training.generators import Streams
from workers.training.memory_format import lay_out
from workers.training.metrics import (
    CLIPPED_SQUARED_ERROR,
    GAUSSIAN_SIMILARITY,
    SIMILARITY,
    SQUARED_ERROR,
    Measure,
    psnr_db,
)
from workers.training.networks.shape import InputShape
from workers.training.objectives.base import Objective, count_batches, refuse_smoothing
from workers.training.pixel_means import PixelMeans
from workers.training.task import Split

# Inputs of a network and what its outputs are held against, (B, C, *sides) each, on the device.
Pair = tuple[Tensor, Tensor]
QUICK = (SQUARED_ERROR, CLIPPED_SQUARED_ERROR)
# By the number of axes: torchmetrics has no similarity of signals.
THOROUGH = {
    1: (SIMILARITY,),
    2: (GAUSSIAN_SIMILARITY, SIMILARITY),
    3: (GAUSSIAN_SIMILARITY, SIMILARITY),
}
# Sizes that a network of a package is tried on before it is trained.
_MOST_SIDES = 8


@dataclass(frozen=True, eq=False)
class Judged:
    """What is judged at once: one tile of some samples.

    Attributes:
        numbers: Of the samples, (B,), on the CPU.
        tile: Where it lies in each.
        inputs: What a network is given, (B, C, *sides of the window).
        truth: What its outputs are held against, likewise.
    """

    numbers: Tensor
    tile: Tile
    inputs: Tensor
    truth: Tensor


class PatchObjective(Objective):
    """Outputs of the size of their inputs, learned from patches.

    The training loss is half the mean squared error (the half as in DnCNN's paper) in a unit
    that `loss_unit` brings to that of the reported loss: the mean squared error of samples in
    [0, 1], of which nothing is clipped.

    A search is judged on fixed crops of the validation split; the final evaluation on every
    pixel of the test split. All metrics are means over the images (crops) of each image's own.

    Attributes:
        data: Where patches, crops and whole samples come from.
        input_psnr: What the PSNR of the inputs themselves is called.
    """

    data: PatchDataset
    input_psnr = "input_psnr_db"

    def __init__(
        self,
        section: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None = None,
    ) -> None:
        refuse_smoothing(section["kind"], training)
        self._augmentation = Augmentation.of(training)
        self._drops_last = bool(training.get("drop_last", False))
        if self._augmentation.crop_padding_px > 0:
            raise ValueError("patches lie in random places already: they are not moved")
        self.data = patch_dataset(section["kind"], section["dataset"], device, data_dir)
        self._n_patches, self._patch_px = int(section["n_patches"]), int(section["patch_px"])
        self.data.require(self._patch_px)
        self.shape = InputShape(self.data.n_channels[0], self._patch_px, self.data.n_dims)
        self.n_outputs = self.data.n_channels[-1]

    def normalise(self, inputs: Tensor) -> Tensor:
        """Return inputs as a network is given them: about zero mean and unit variance."""
        return self.data.normalise(inputs)

    def n_batches(self, batch_size: int) -> int:
        """Return how many batches hold the epoch's patches."""
        return count_batches(self._n_patches, batch_size, drops_last=self._drops_last)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return half the mean over pixels of the squared error."""
        return 0.5 * nn.functional.mse_loss(outputs, targets)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return several networks' at once."""
        errors = nn.functional.mse_loss(outputs, targets.expand_as(outputs), reduction="none")
        return 0.5 * errors.flatten(1).mean(dim=1)

    def evaluate(self, network: nn.Module, split: Split, *, thorough: bool) -> dict[str, float]:
        """Return `loss` (MSE) and PSNRs; thoroughly, similarities and the inputs' own PSNR too."""
        n_images, device = self._n_judged(split), self.data.normalise.low.device
        measures = QUICK + (THOROUGH[self.data.n_dims] if thorough else ())
        of_outputs = PixelMeans(n_images, device, measures)
        has_baseline = thorough and self.shape.n_channels == self.n_outputs
        of_inputs = PixelMeans(n_images, device, (SQUARED_ERROR,)) if has_baseline else None
        with torch.inference_mode():
            for part in self._judged(split):
                outputs = network(lay_out(self.normalise(part.inputs)))
                restored = self.restored(part.inputs, outputs)
                of_outputs.add(part.numbers, part.tile, restored, part.truth)
                if of_inputs is not None:
                    of_inputs.add(part.numbers, part.tile, part.inputs, part.truth)
        metrics = _metrics(of_outputs, measures)
        if of_inputs is not None:
            metrics[self.input_psnr] = psnr_db(of_inputs.of(SQUARED_ERROR))
        return metrics

    def test_share(self) -> float:
        """Return the pixels of the test split's windows over those of the crops."""
        crops = sum(parts[0].shape[0] * math.prod(parts[0].shape[2:]) for parts in self.data.crops)
        return self.data.splits["test"].n_window_px() / crops

    def judged_sides(self) -> Sequence[tuple[int, ...]]:
        """Return sizes of crops and of windows: all, or some between the smallest and largest."""
        crops = {tuple(part[0].shape[2:]) for part in self.data.crops}
        found = sorted({*crops, *self.data.splits["test"].window_sides()})
        return found[:: -(-len(found) // _MOST_SIDES)]

    def _n_judged(self, split: Split) -> int:
        if split == "validation":
            return sum(len(inputs) for inputs, _ in self.judged_crops())
        return len(self.data.splits[split])

    def _judged(self, split: Split) -> Iterator[Judged]:
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

    @abstractmethod
    def restored(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Return what a network makes of inputs, (B, C, *sides), by what it has put out."""

    def patches(self, batch_size: int, streams: Streams) -> Iterator[Patches]:
        """Yield an epoch's patches from fresh places, augmented as asked."""
        n_patches = min(self._n_patches, self.n_batches(batch_size) * batch_size)
        drawn = self.data.splits["train"].batches(
            n_patches, batch_size, self._patch_px, streams.order
        )
        for patches in drawn:
            yield self._augmentation.together(patches, streams.augmentation)


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


def _metrics(means: PixelMeans, measures: Sequence[Measure]) -> dict[str, float]:
    """Return the means over images of each image's own metrics."""
    metrics = {
        "loss": float(means.of(SQUARED_ERROR).mean()),
        "psnr_clipped_db": psnr_db(means.of(CLIPPED_SQUARED_ERROR), is_clipped=True),
    }
    if GAUSSIAN_SIMILARITY in measures:
        metrics["ssim_gaussian"] = float(means.of(GAUSSIAN_SIMILARITY).mean())
    metrics["psnr_db"] = psnr_db(means.of(SQUARED_ERROR))
    if SIMILARITY in measures:
        metrics["ssim"] = float(means.of(SIMILARITY).mean())
    return metrics
