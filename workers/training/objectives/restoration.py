"""Base of denoising and image-to-image restoration: images are predicted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from densearch.nn.memory_format import lay_out
from densearch.plugins.objective import Judgement
from densearch.plugins.shape import Split
from workers.training.metrics import (
    CLIPPED_SQUARED_ERROR,
    CONSTANT_LOSS,
    GAUSSIAN_SIMILARITY,
    SIMILARITY,
    SQUARED_ERROR,
    Measure,
    psnr_db,
)
from workers.training.objectives.base import refuse_smoothing
from workers.training.objectives.patched import PatchObjective
from workers.training.pixel_means import PixelMeans

QUICK = (SQUARED_ERROR, CLIPPED_SQUARED_ERROR)
# By the number of axes: torchmetrics has no similarity of signals.
THOROUGH = {
    1: (SIMILARITY,),
    2: (GAUSSIAN_SIMILARITY, SIMILARITY),
    3: (GAUSSIAN_SIMILARITY, SIMILARITY),
}


class RestorationObjective(PatchObjective):
    """Regression of images.

    The training loss is half the mean squared error (the half as in DnCNN's paper). `loss_unit`
    converts it to the reported loss: the mean squared error of samples in [0, 1], without
    clipping. All metrics are means over the images (crops) of each
    image's own.

    Attributes:
        input_psnr: Name of the metric that is the PSNR of the inputs themselves.
    """

    input_psnr = "input_psnr_db"

    def __init__(
        self,
        section: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None = None,
    ) -> None:
        refuse_smoothing(section["kind"], training)
        super().__init__(section, device, training, data_dir)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return half the mean over pixels of the squared error."""
        return 0.5 * nn.functional.mse_loss(outputs, targets)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return several networks' at once."""
        errors = nn.functional.mse_loss(outputs, targets.expand_as(outputs), reduction="none")
        return 0.5 * errors.flatten(1).mean(dim=1)

    def evaluate(self, network: nn.Module, split: Split, *, thorough: bool) -> dict[str, float]:
        """Return `loss` (MSE) and PSNRs.

        Thoroughly, similarities, the inputs' own PSNR and `constant_loss`, that of an output of 0,
        too.
        """
        return self._evaluated(network, split, thorough=thorough)[0]

    def judge(self, network: nn.Module, split: Split) -> Judgement:
        """See `Objective.judge`: the items are the images."""
        metrics, errors = self._evaluated(network, split, thorough=True)
        return Judgement(metrics, errors, self.data.splits[split].groups)

    def _evaluated(
        self, network: nn.Module, split: Split, *, thorough: bool
    ) -> tuple[dict[str, float], Tensor]:
        """Return the metrics, and the mean squared error of each image, (N,)."""
        n_images, device = self.n_judged(split), self.data.normalise.low.device
        measures = QUICK + (THOROUGH[self.data.n_dims] if thorough else ())
        of_outputs = PixelMeans(n_images, device, measures)
        of_zeros = PixelMeans(n_images, device, (SQUARED_ERROR,)) if thorough else None
        with torch.inference_mode():
            for part in self.judged(split):
                outputs = network(lay_out(self.normalise(part.inputs)))
                restored = self.restored(part.inputs, outputs)
                of_outputs.add(part.numbers, part.tile, restored, part.truth)
                if of_zeros is not None:
                    unchanged = self.restored(part.inputs, torch.zeros_like(outputs))
                    of_zeros.add(part.numbers, part.tile, unchanged, part.truth)
        metrics = _metrics(of_outputs, measures)
        if of_zeros is not None:
            errors = of_zeros.of(SQUARED_ERROR)
            if self.shape.n_channels == self.n_outputs:  # an output of 0 is the input itself
                metrics[self.input_psnr] = psnr_db(errors)
            metrics[CONSTANT_LOSS] = float(errors.mean())
        return metrics, of_outputs.of(SQUARED_ERROR)

    @abstractmethod
    def restored(self, inputs: Tensor, outputs: Tensor) -> Tensor:
        """Return the restored images, from inputs (B, C, *sides) and the network's outputs."""


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
