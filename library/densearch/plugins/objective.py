"""The contract between the training loop and a kind of task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from densearch.plugins.shape import InputShape, Split

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Generators:
    """Independent generators, so that what one of them draws never moves another.

    Attributes:
        weights: Initial weights; on the CPU, so every device starts from the same network.
        order: Which samples come when; on the CPU.
        noise: What is drawn afresh for each batch; on the training's device.
        augmentation: How each image is changed; on the training's device.
    """

    weights: torch.Generator
    order: torch.Generator
    noise: torch.Generator
    augmentation: torch.Generator


@dataclass(frozen=True, eq=False)
class Judgement:
    """A network on a split, judged thoroughly.

    Attributes:
        metrics: As `Objective.evaluate` returns them.
        item_losses: (n,), the loss of each item of the split (an image, a signal), in a fixed
            order; their mean is the `loss`. None where the objective has none.
        groups: (n,), whole numbers: items with the same one come from one source, such as a
            photograph. None where each item is a source of its own.
    """

    metrics: Mapping[str, float]
    item_losses: Tensor | None = None
    groups: Tensor | None = None


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
    def batches(self, batch_size: int, generators: Generators) -> Iterator[Batch]:
        """Yield one epoch's inputs and targets, drawn from the generators alone."""

    def batches_from(self, first: int, batch_size: int, generators: Generators) -> Iterator[Batch]:
        """Return what `batches` yields without the first ones, which have been trained on.

        What is drawn for those is drawn before this returns.
        """
        drawn = self.batches(batch_size, generators)
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
        the same bits whatever the others are. Of a package's objective only `loss` is called.

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

    def judge(self, network: nn.Module, split: Split) -> Judgement:
        """Judge a network in eval mode thoroughly, with the loss of each item if there is one.

        The final evaluation is judged so. From the losses of items the report learns how sure it
        is beyond these items. By default there are none.

        Args:
            network: On the objective's device.
            split: Which split.
        """
        return Judgement(self.evaluate(network, split, thorough=True))

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
        """Return the state that training and judging change; nothing by default.

        A checkpoint keeps it. The generators that `batches` draws from are kept anyway.

        Returns:
            By name, tensors, numbers and texts, and lists and dictionaries of the latter two.
        """
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:  # noqa: B027 - nothing by default
        """Restore what `state_dict` has returned, when a training continues.

        Args:
            state: Its tensors are copies, on the CPU.
        """

    def test_share(self) -> float:
        """Return how much the test split has to be judged, in units of what a search judges."""
        return 1.0

    def judged_sides(self) -> Sequence[tuple[int, ...]]:
        """Return some sizes of what networks are judged on, where they differ from a batch's."""
        return ()
