"""Denoising: remove noise that is added to samples."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from densearch.plugins.data_info import DataInfo
from service.datasets.store.reader import KINDS
from service.tasks.families import DatasetName, PatchTask
from service.tasks.info import Manifest, TaskInfo


class DenoisingTask(PatchTask):
    """Remove Gaussian noise from signals, images or volumes; the objective is the MSE."""

    kind: Literal["denoising"]
    dataset: DatasetName = "photos"
    noise_sigma: float = Field(
        default=25.0, gt=0, le=255, description="Standard deviation of the noise, of 255."
    )


def _n_channels(manifest: Manifest) -> int:
    return int(manifest["n_channels"])


INFO = TaskInfo(
    section=DenoisingTask,
    answer="image",
    takes=KINDS,
    n_outputs=_n_channels,
    sets={
        "photos": DataInfo(is_uniform=False, n_training=7),
        "phantoms": DataInfo(n_dims=3, size_px=32, n_training=24),
    },
    metrics=("psnr_clipped_db", "ssim_gaussian"),
)
