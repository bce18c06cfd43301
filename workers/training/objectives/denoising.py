"""Denoising: estimate the Gaussian noise in a patch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from workers.training.data.patched import PatchDataset
from workers.training.objectives.base import Batch
from workers.training.objectives.patched import PatchObjective
from workers.training.streams import Streams, generator
from workers.training.task import Split

# The noise on the judged crops belongs to the task: the same for every trial and every seed.
NOISE_SEEDS = {"validation": 20250524, "test": 20250525}


class DenoisingObjective(PatchObjective):
    """Residual denoising in units of the noise.

    The network sees the noisy patch, standardised, and estimates noise / sigma, so the size of
    the training loss, and with it the meaning of a learning rate, does not depend on sigma. The
    denoised image is noisy - sigma * output.
    """

    input_psnr = "noisy_psnr_db"

    def __init__(
        self,
        section: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None = None,
    ) -> None:
        super().__init__(section, device, training, data_dir)
        self._sigma = float(section["noise_sigma"]) / 255
        self.loss_unit = 2 * self._sigma**2

    def batches(self, batch_size: int, streams: Streams) -> Iterator[Batch]:
        """Yield patches from fresh places with fresh noise, and that noise in units of sigma."""
        for (clean,) in self.patches(batch_size, streams):
            noise = torch.randn(clean.shape, generator=streams.noise, device=clean.device)
            yield self.normalise(clean + self._sigma * noise), noise

    def restored(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Return the inputs without the noise that was estimated."""
        return inputs - self._sigma * outputs

    def judged(self, split: Split) -> tuple[Tensor, Tensor]:
        """Return noisy crops and the clean ones."""
        return _judged(self.data, split, self._sigma)


@lru_cache(maxsize=2)  # the splits of a task; each keeps its data set in memory
def _judged(data: PatchDataset, split: Split, sigma: float) -> tuple[Tensor, Tensor]:
    (clean,) = data.judged(split)
    # Drawn on the CPU: the same on every device.
    noise = torch.randn(clean.shape, generator=generator(NOISE_SEEDS[split]))
    return clean + sigma * noise.to(clean.device), clean
