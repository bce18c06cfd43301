"""Denoising: estimate the Gaussian noise in a grey patch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from workers.training.augmentation import Augmentation
from workers.training.data import photos
from workers.training.metrics import psnr_db, ssim
from workers.training.networks.shape import InputShape
from workers.training.objectives.base import Batch, Objective
from workers.training.streams import Streams, generator
from workers.training.task import Split

# The noise on the judged crops belongs to the task: the same for every trial and every seed.
NOISE_SEEDS = {"validation": 20250524, "test": 20250525}
# Grey values in [0, 1] are brought to about zero mean and unit variance for the network.
INPUT_MEAN = 0.5
INPUT_SCALE = 0.25
_EVALUATION_BATCH = 16  # crops of 96x96: activations that stay near the cache


class DenoisingObjective(Objective):
    """Residual denoising in units of the noise.

    The network sees (noisy - 0.5) / 0.25 and estimates noise / sigma, so the size of the training
    loss, half the mean of (output - noise / sigma)^2 (the half as in DnCNN's paper), and with it
    the meaning of a learning rate, does not depend on sigma. The denoised image is noisy - sigma
    * output. The reported loss is its mean squared error, images in [0, 1]; nothing is clipped.
    """

    def __init__(
        self,
        section: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None = None,  # noqa: ARG002 - the built-in sets need none
    ) -> None:
        if section["dataset"] != "photos":
            raise ValueError(f"unknown dataset {section['dataset']!r}: known is photos")
        self._augmentation = Augmentation.of(training)
        if training.get("label_smoothing", 0.0) > 0:
            raise ValueError("there are no labels to be smoothed in denoising")
        if self._augmentation.crop_padding_px > 0:
            raise ValueError("patches lie in random places already: they are not moved")
        self._sigma = float(section["noise_sigma"]) / 255
        self._n_patches = int(section["n_patches"])
        self._device = device
        self._patches = photos.training_patches(int(section["patch_px"]), device)
        self.shape = InputShape(n_channels=1, size_px=int(section["patch_px"]))
        self.n_outputs = 1
        self.loss_unit = 2 * self._sigma**2

    def batches(self, batch_size: int, streams: Streams) -> Iterator[Batch]:
        """Yield patches from fresh places with fresh noise, and that noise in units of sigma."""
        for patches in self._patches.batches(self._n_patches, batch_size, streams.order):
            clean = self._augmentation(patches, streams.augmentation)
            noise = torch.randn(clean.shape, generator=streams.noise, device=self._device)
            yield _normalised(clean + self._sigma * noise), noise

    def n_batches(self, batch_size: int) -> int:
        """Return how many batches hold the epoch's patches."""
        return math.ceil(self._n_patches / batch_size)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return half the mean over pixels of the squared error, in units of sigma^2."""
        return 0.5 * nn.functional.mse_loss(outputs, targets)

    def evaluate(self, network: nn.Module, split: Split, *, thorough: bool) -> dict[str, float]:
        """Return `loss` (MSE) and `psnr_db`; thoroughly, `ssim` and `noisy_psnr_db` too."""
        clean, noisy = _judged_crops(split, self._sigma, self._device)
        with torch.inference_mode():
            denoised = torch.cat(
                [
                    part - self._sigma * network(_normalised(part))
                    for part in torch.split(noisy, _EVALUATION_BATCH)
                ]
            )
            loss = float((denoised.double() - clean.double()).square().mean())
            metrics = {"loss": loss, "psnr_db": psnr_db(denoised, clean)}
            if thorough:
                metrics["ssim"] = ssim(denoised, clean)
                metrics["noisy_psnr_db"] = psnr_db(noisy, clean)
        return metrics


def _normalised(images: Tensor) -> Tensor:
    return (images - INPUT_MEAN) / INPUT_SCALE


@lru_cache(maxsize=8)
def _judged_crops(split: Split, sigma: float, device: torch.device) -> tuple[Tensor, Tensor]:
    clean = photos.fixed_crops(split)
    noise = torch.randn(clean.shape, generator=generator(NOISE_SEEDS[split]))
    return clean.to(device), (clean + sigma * noise).to(device)
