"""Image to image: turn each input into its target."""

from __future__ import annotations

from typing import Literal

from densearch.plugins.data_info import DataInfo
from service.tasks.families import DatasetName, PatchTask
from service.tasks.info import Manifest, TaskInfo


class ImageToImageTask(PatchTask):
    """Turn each input into its target; the objective is the mean squared error."""

    kind: Literal["image_to_image"]
    dataset: DatasetName = "blurred_photos"


def _target_channels(manifest: Manifest) -> int:
    return int(manifest["target_channels"])


INFO = TaskInfo(
    section=ImageToImageTask,
    answer="image",
    takes=("pairs",),
    n_outputs=_target_channels,
    sets={"blurred_photos": DataInfo(is_uniform=False, n_training=7)},
    metrics=("psnr_clipped_db", "ssim_gaussian"),
)
