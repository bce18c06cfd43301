"""What validation needs to know about a data set."""

from __future__ import annotations

from pydantic import Field

from densearch.plugins.sections import Section


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
    least_n_train: int | None = Field(
        default=None,
        ge=1,
        exclude_if=lambda least: least is None,  # as specs were stored before there was one
        description="The least task.n_train that leaves no class without a training sample; null "
        "without classes.",
    )
