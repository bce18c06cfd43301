"""What denoising and image-to-image restoration have in common."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from workers.training.augmentation import Augmentation
from workers.training.data.patched import PatchDataset
from workers.training.data.patches import Patches
from workers.training.data.registry import patch_dataset
from workers.training.layout import lay_out
from workers.training.metrics import psnr_db, ssim
from workers.training.networks.shape import InputShape
from workers.training.objectives.base import Objective, refuse_smoothing
from workers.training.streams import Streams
from workers.training.task import Split

_EVALUATION_BATCH = 16  # crops of 96x96: activations that stay near the cache


class PatchObjective(Objective):
    """Outputs of the size of their inputs, learned from patches and judged on crops.

    The training loss is half the mean squared error (the half as in DnCNN's paper) in a unit
    that `loss_unit` brings to that of the reported loss: the mean squared error of samples in
    [0, 1], of which nothing is clipped.

    Attributes:
        data: Where patches and crops come from.
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
        return math.ceil(self._n_patches / batch_size)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return half the mean over pixels of the squared error."""
        return 0.5 * nn.functional.mse_loss(outputs, targets)

    def evaluate(self, network: nn.Module, split: Split, *, thorough: bool) -> dict[str, float]:
        """Return `loss` (MSE) and `psnr_db`; thoroughly, `ssim` and the inputs' own PSNR too."""
        inputs, truth = self.judged(split)
        with torch.inference_mode():
            restored = torch.cat(
                [
                    self.restored(part, network(lay_out(self.normalise(part))))
                    for part in torch.split(inputs, _EVALUATION_BATCH)
                ]
            )
            loss = float((restored.double() - truth.double()).square().mean())
            metrics = {"loss": loss, "psnr_db": psnr_db(restored, truth)}
            if thorough:
                metrics["ssim"] = ssim(restored, truth)
                if inputs.shape == truth.shape:
                    metrics[self.input_psnr] = psnr_db(inputs, truth)
        return metrics

    @abstractmethod
    def judged(self, split: Split) -> tuple[Tensor, Tensor]:
        """Return the inputs and the truth on which a split is judged, the same for every trial."""

    @abstractmethod
    def restored(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Return what a network makes of inputs, (B, C, *sides), by what it has put out."""

    def patches(self, batch_size: int, streams: Streams) -> Iterator[Patches]:
        """Yield an epoch's patches from fresh places, augmented as asked."""
        drawn = self.data.splits["train"].batches(
            self._n_patches, batch_size, self._patch_px, streams.order
        )
        for patches in drawn:
            yield self._augmentation.together(patches, streams.augmentation)
