"""What the rules of a spec must know of a data set, and the built-in sets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field

from service.section import Section


class DataInfo(Section):
    """The shape of a data set's samples; of a stored set the server fills it in."""

    sha256: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="Digest of a stored set's content, its split included; null if built in.",
    )
    n_dims: int = Field(
        default=2, ge=1, le=3, description="Axes of a sample: 1 signals, 2 images, 3 volumes."
    )
    n_channels: int = Field(default=1, ge=1, le=4096)
    size_px: int | None = Field(
        default=None,
        ge=1,
        description="The smallest side of the smallest sample; null where it is of no account.",
    )
    least_px: dict[str, int] | None = Field(
        default=None, description="The same of each split; null where it was not kept."
    )
    is_uniform: bool = Field(default=True, description="Whether all samples have one size.")
    is_encoded: bool = Field(
        default=False, description="Whether images are stored as the files that came."
    )
    n_outputs: int = Field(
        default=1, ge=1, description="Classes, labels, or channels of the target."
    )
    n_training: int | None = Field(default=None, ge=1, description="Samples of the train split.")


# By task kind and name; tests/integration/training/built_in_test.py holds it to the loaders.
BUILT_IN: Mapping[str, Mapping[str, DataInfo]] = MappingProxyType(
    {
        "denoising": {
            "photos": DataInfo(is_uniform=False, n_training=7),
            "phantoms": DataInfo(n_dims=3, size_px=32, n_training=24),
        },
        "image_to_image": {"blurred_photos": DataInfo(is_uniform=False, n_training=7)},
        "classification": {
            "digits": DataInfo(size_px=8, n_outputs=10, n_training=1078),
            "textures": DataInfo(size_px=32, n_outputs=3, n_training=1767),
            "faces": DataInfo(size_px=25, n_outputs=2, n_training=120),
            "waveforms": DataInfo(n_dims=1, size_px=21, n_outputs=3, n_training=3000),
        },
        "multilabel": {"mosaics": DataInfo(size_px=32, n_outputs=3, n_training=2000)},
    }
)
