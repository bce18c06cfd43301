"""Segmentation: name the class of every pixel."""

from __future__ import annotations

from typing import Literal

from densearch.plugins.data_info import DataInfo
from service.tasks.families import DatasetName, PatchTask
from service.tasks.info import Manifest, TaskInfo


class SegmentationTask(PatchTask):
    """Name the class of every pixel; the objective is cross-entropy plus Dice loss."""

    kind: Literal["segmentation"]
    dataset: DatasetName = "collages"


def _lacks_masks(manifest: Manifest) -> str | None:
    if manifest["classes"]:
        return None
    return "has pairs of images: segmentation needs masks of class numbers"


INFO = TaskInfo(
    section=SegmentationTask,
    answer="image",
    network="unet",
    takes=("pairs",),
    lacks=_lacks_masks,
    sets={"collages": DataInfo(size_px=64, n_outputs=3, n_training=120)},
    has_classes=True,
    metrics=("iou", "dice", "pixel_accuracy"),
    example=(
        "Segment collages of textures: U-Net, cross-entropy and Dice",
        {
            "name": "collages",
            "seed": 0,
            "task": {
                "kind": "segmentation",
                "dataset": "collages",
                "patch_px": 32,
                "n_patches": 256,
            },
            "network": {"kind": "unet", "depth": 1, "n_stages": 2, "width": 8},
            "training": {"optimizer": "adam", "lr": 0.003, "batch_size": 16, "epochs": 4},
            "samplers": ["direct_l"],
            "controls": ["uniform", "flat"],
            "budget": {"n_trials": 8},
            "evaluation": {"n_seeds": 3},
        },
    ),
)
