"""What one training is asked for and what it answers: plain values between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Split = Literal["train", "validation", "test"]
Section = Mapping[str, Any]
# A density of any number of axes as nested tuples, so that a task stays hashable and comparable.
NestedDensity = tuple[Any, ...]


class Status(StrEnum):
    """How a training ended."""

    COMPLETED = "completed"
    DIVERGED = "diverged"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class TrainingTask:
    """All that determines one training's result.

    Attributes:
        task: The job's task section, `kind` "denoising" or "classification", defaults filled in.
        network: The job's network section, defaults filled in.
        training: The job's training section, defaults filled in.
        phi: The density, nested tuples of shape (K,) * n_dims; None is the plain convolution.
        seed: Of initial weights, batch order and noise; 0 <= seed. Equal seeds give every
            density the same draws (common random numbers).
        split: What the final value is measured on. Epochs are always measured on validation.
        device: A torch device, such as "cpu" or "cuda".
        keep_weights: Whether the outcome carries the folded network.
    """

    task: Section
    network: Section
    training: Section
    phi: NestedDensity | None
    seed: int
    split: Literal["validation", "test"] = "validation"
    device: str = "cpu"
    keep_weights: bool = False


@dataclass(frozen=True)
class Measurement:
    """Metrics after one epoch.

    Attributes:
        epoch: 1 after the first epoch.
        metrics: `train_loss`, `val_loss` and the task's own, such as `val_psnr_db`.
        elapsed_s: Seconds of training so far, validation included, loading of data not.
    """

    epoch: int
    metrics: dict[str, float]
    elapsed_s: float


@dataclass(frozen=True)
class Outcome:
    """The end of a training.

    Attributes:
        status: How it ended.
        value: The objective on the task's split, finite, minimised; None unless completed.
        metrics: `loss` (equal to value) and the task's own; empty unless completed.
        training_s: Seconds from the built network to the last epoch's validation.
        weights: The folded network as safetensors, where asked for and completed.
    """

    status: Status
    value: float | None
    metrics: dict[str, float] = field(default_factory=dict)
    training_s: float = 0.0
    weights: bytes | None = None
