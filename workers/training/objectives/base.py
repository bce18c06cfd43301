"""The contract between the training loop and a kind of task."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from workers.training.generators import Streams
from workers.training.networks.shape import InputShape
from workers.training.task import Split

Batch = tuple[Tensor, Tensor]


class Objective(ABC):
    """Data, loss and metrics of one task on one device.

    Attributes:
        shape: What one sample looks like to the network.
        n_outputs: Channels of the output image, or classes.
        loss_unit: What a training loss of 1 is in the reported loss.
    """

    shape: InputShape
    n_outputs: int
    loss_unit: float = 1.0

    @abstractmethod
    def batches(self, batch_size: int, streams: Streams) -> Iterator[Batch]:
        """Yield one epoch's inputs and targets, drawn from the streams alone."""

    def batches_from(self, first: int, batch_size: int, streams: Streams) -> Iterator[Batch]:
        """Return what `batches` yields without the first ones, which have been trained on.

        What is drawn for those is drawn before this returns.
        """
        drawn = self.batches(batch_size, streams)
        for _ in range(first):
            next(drawn, None)
        return drawn

    @abstractmethod
    def n_batches(self, batch_size: int) -> int:
        """Return how many batches an epoch has."""

    @abstractmethod
    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the scalar that SGD descends."""

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the losses of several networks on one batch, (n,).

        One after another, unless an objective knows how to compute them at once. Each has to be
        the same bits whatever the others are. A package's is asked for `loss` alone.

        Args:
            outputs: (n, B, ...), each network's as in `loss`.
            targets: Of the batch.
        """
        return torch.stack([self.loss(own, targets) for own in outputs])

    @abstractmethod
    def evaluate(self, network: nn.Module, split: Split, *, thorough: bool) -> dict[str, float]:
        """Judge a network in eval mode on a split, the same samples and noise for every trial.

        Args:
            network: On the objective's device.
            split: Which split.
            thorough: Whether to include metrics that are slow to compute.

        Returns:
            `loss`, the reported objective, and the task's own metrics.
        """

    def evaluate_together(
        self,
        outputs_of: Callable[[Tensor], Tensor],  # noqa: ARG002 - of those that can
        batch_size: int,  # noqa: ARG002
    ) -> Sequence[dict[str, float]] | None:
        """Judge several networks on the validation split at once, as `evaluate` does quickly.

        Args:
            outputs_of: Maps samples (B, C, *sides) to outputs (n, B, ...), in inference mode.
            batch_size: The most samples at once.

        Returns:
            The metrics of each, none of which may depend on the others; None unless an objective
            knows how to.
        """
        return None

    def state_dict(self) -> Mapping[str, Any]:
        """Return what training and judging change in the objective; nothing by default.

        A checkpoint keeps it. The generators that `batches` draws from are kept anyway.

        Returns:
            By name, tensors, numbers and texts, and lists and dictionaries of the latter two.
        """
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:  # noqa: B027 - nothing by default
        """Take back what `state_dict` has returned: a training continues.

        Args:
            state: Its tensors are copies, on the CPU.
        """

    def test_share(self) -> float:
        """Return how much the test split has to be judged, in units of what a search judges."""
        return 1.0

    def judged_sides(self) -> Sequence[tuple[int, ...]]:
        """Return some sizes of what networks are judged on, where they differ from a batch's."""
        return ()


def count_batches(n_samples: int, batch_size: int, *, drops_last: bool) -> int:
    """Return how many batches hold an epoch's samples.

    Args:
        n_samples: At least 1.
        batch_size: Samples of a batch.
        drops_last: Whether a smaller last one is left out.

    Raises:
        ValueError: None is left.
    """
    if not drops_last:
        return math.ceil(n_samples / batch_size)
    if n_samples < batch_size:
        raise ValueError(
            f"an epoch has {n_samples} samples: with training.drop_last no batch of {batch_size} "
            f"is left of it; use a batch_size of at most {n_samples}"
        )
    return n_samples // batch_size


def refuse_smoothing(kind: str, training: Mapping[str, Any]) -> None:
    """Raise ValueError where labels are to be smoothed in a kind of task without classes."""
    if training.get("label_smoothing", 0.0) > 0:
        raise ValueError(f"{kind} has no classes to spread a label over")
