"""The one table of the kinds of task: what workers import for each.

A new kind is a row here, its module `service.tasks.<kind>` with a `TaskInfo` called INFO, and the
module of its objective. Workers read this table, so it needs nothing but the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

# Samples alone; pairs of an input and a target; samples with a class, or with several labels.
Form = Literal["plain", "pairs", "classes", "labels"]
IMAGES = "workers.training.data.targets:IMAGES"


@dataclass(frozen=True, slots=True)
class Trained:
    """How workers train a kind of task. Objects are named as "module:name".

    Attributes:
        objective: The class of its `densearch.plugins.Objective`.
        data: What its data consist of.
        sets: What loads each built-in data set, see `workers.training.data.registry`; its
            `DataInfo` stands in the kind's `TaskInfo`.
        targets: Of pairs, the `workers.training.data.targets.Targets`.
    """

    objective: str
    data: Form
    sets: Mapping[str, str] = field(default_factory=dict)
    targets: str = IMAGES


# In the order in which pages and documents list them.
TRAINED: Mapping[str, Trained] = MappingProxyType(
    {
        "denoising": Trained(
            "workers.training.objectives.denoising:DenoisingObjective",
            "plain",
            {
                "photos": "workers.training.data.restoration_sets:photographs",
                "phantoms": "workers.training.data.restoration_sets:phantoms",
            },
        ),
        "image_to_image": Trained(
            "workers.training.objectives.image_to_image:ImageToImageObjective",
            "pairs",
            {"blurred_photos": "workers.training.data.restoration_sets:blurred_photographs"},
        ),
        "classification": Trained(
            "workers.training.objectives.classification:ClassificationObjective",
            "classes",
            {
                "digits": "workers.training.data.digits:load_digits",
                "textures": "workers.training.data.textures:load_textures",
                "faces": "workers.training.data.faces:load_faces",
                "waveforms": "workers.training.data.waveforms:load_waveforms",
            },
        ),
        "multilabel": Trained(
            "workers.training.objectives.multilabel:MultilabelObjective",
            "labels",
            {"mosaics": "workers.training.data.mosaics:load_mosaics"},
        ),
        "segmentation": Trained(
            "workers.training.objectives.segmentation:SegmentationObjective",
            "pairs",
            {"collages": "workers.training.data.collages:collages"},
            targets="workers.training.objectives.segmentation:MASKS",
        ),
    }
)
# A function is evaluated, and trains nothing; an external training is a user's own program.
NAMES = (*TRAINED, "function", "external")
