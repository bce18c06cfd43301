"""Denoising: estimate the Gaussian noise in a patch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from densearch.plugins.objective import Batch, Generators
from densearch.plugins.shape import Split
from workers.training.data.noise import noise_at
from workers.training.data.patched import PatchDataset
from workers.training.data.patches import Patches
from workers.training.data.tiles import Tile
from workers.training.generators import generator
from workers.training.objectives.patched import Pair
from workers.training.objectives.restoration import RestorationObjective

# The noise that is judged belongs to the data: the same for every trial and every seed.
NOISE_SEEDS = {"validation": 20250524, "test": 20250525}


class DenoisingObjective(RestorationObjective):
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

    def batches(self, batch_size: int, generators: Generators) -> Iterator[Batch]:
        """Yield patches from fresh places with fresh noise, and that noise in units of sigma."""
        for (clean,) in self.patches(batch_size, generators):
            noise = torch.randn(clean.shape, generator=generators.noise, device=clean.device)
            yield self.normalise(clean + self._sigma * noise), noise

    def restored(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Return the inputs without the noise that was estimated."""
        return inputs - self._sigma * outputs

    def judged_crops(self) -> Sequence[Pair]:
        """Return noisy crops and the clean ones."""
        return _noisy_crops(self.data, self._sigma)

    def judged_tile(self, split: Split, numbers: Tensor, tile: Tile, patches: Patches) -> Pair:
        """Return the noisy windows and the clean ones."""
        (clean,) = patches
        noise = torch.stack(
            [
                noise_at(NOISE_SEEDS[split], number, clean.shape[1], tile.window)
                for number in numbers.tolist()
            ]
        )
        return clean + self._sigma * noise.to(clean.device), clean


@lru_cache(maxsize=1)  # it keeps its data set in memory
def _noisy_crops(data: PatchDataset, sigma: float) -> Sequence[Pair]:
    # Drawn on the CPU: the same on every device.
    stream = generator(NOISE_SEEDS["validation"])
    return [
        (clean + sigma * torch.randn(clean.shape, generator=stream).to(clean.device), clean)
        for (clean,) in data.crops
    ]
