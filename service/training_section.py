"""The training section of a spec: how one trial trains its network."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from densearch.plugins.sections import Section


class Augmentation(Section):
    """What is changed in training images, drawn afresh for each image and epoch."""

    flip: bool = Field(
        default=False, description="Mirror every other image, by chance, left to right."
    )
    crop_padding_px: int = Field(
        default=0,
        ge=0,
        le=64,
        description="Pixels by which an image is moved at most, along each side; classification.",
    )


class Training(Section):
    """How one trial trains its network."""

    optimizer: Literal["sgd", "adam", "adamw"] = Field(
        default="sgd", description="What changes the weights after each batch."
    )
    lr: float = Field(default=0.05, gt=0, le=1e3, description="Learning rate.")
    momentum: float = Field(
        default=0.9, ge=0, lt=1, description="SGD's momentum; Adam's and AdamW's beta1."
    )
    nesterov: bool = Field(default=False, description="Nesterov's momentum; SGD alone.")
    schedule: Literal["constant", "cosine", "step", "one_cycle"] = Field(
        default="constant",
        description="Learning rate over the steps: cosine falls to 0; step to a tenth at a half "
        "and at three quarters; one_cycle rises for three tenths, then falls to 0.",
    )
    warmup_epochs: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="Epochs in whose steps the learning rate grows linearly to its own.",
    )
    initialisation: Literal["framework", "kaiming_fan_in", "kaiming_fan_out"] = Field(
        default="framework",
        description="Of the weights: PyTorch's default, or He's normal scaled by one of the fans.",
    )
    weight_decay: float = Field(
        default=0.0, ge=0, le=1, description="How much weights shrink in each step."
    )
    clip_norm: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="Norm to which the gradients of all weights together are scaled down.",
    )
    label_smoothing: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Part of each label that is spread over all classes; classification.",
    )
    augmentation: Augmentation = Augmentation()
    precision: Literal["float32", "tf32", "bfloat16", "auto"] = Field(
        default="float32",
        description="Of the passes of a search's trainings; auto is bfloat16 where the device "
        "computes in it and a short training agrees, tf32 is of GPUs and float32 on a CPU. "
        "Evaluations are in float32.",
    )
    batch_size: int = Field(
        default=64, ge=1, le=65536, description="Training samples in one step."
    )
    drop_last: bool = Field(
        default=False,
        description="Whether each epoch goes without its last batch where that is smaller.",
    )
    epochs: int = Field(
        default=4, ge=1, le=10_000, description="Passes over the data; with steps, its tenths."
    )
    steps: int | None = Field(
        default=None,
        ge=1,
        le=100_000_000,
        exclude_if=lambda steps: steps is None,  # as specs were stored before there was one
        description="Steps of the optimizer in all, instead of epochs: as many for any number of "
        "training samples. An epoch is then a tenth of them, rounded up.",
    )
