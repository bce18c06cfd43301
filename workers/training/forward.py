"""Forward pass, losses and optimizer steps of candidates that are trained on the same batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

import torch
from torch import Tensor

from densearch.nn.memory_format import lay_out
from densearch.plugins.objective import Objective
from workers.training.descent import descend
from workers.training.engines import engines_explained
from workers.training.preparation import Prepared
from workers.training.running_statistics import RunningStatistics

Precision = Literal["float32", "tf32", "bfloat16"]


class Forward(ABC):
    """Computes the losses of n >= 1 candidates on a batch, and takes their optimizer steps.

    Args:
        candidates: On their device; their networks are put in train mode.
        precision: The precision of products.

    Attributes:
        candidates: As given.
        precision: As given.
        statistics: Running statistics of the network that the batches go through.
    """

    statistics: RunningStatistics

    def __init__(self, candidates: Sequence[Prepared], precision: Precision) -> None:
        self.candidates, self.precision = candidates, precision
        for own in candidates:
            own.network.train()

    @property
    def objective(self) -> Objective:
        """The first candidate's, which is like the others'."""
        return self.candidates[0].objective

    @abstractmethod
    def clear(self) -> None:
        """Forget the gradients of the step before."""

    @abstractmethod
    def losses(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the candidates' losses in float32: () for one, else (n,) with idle copies."""

    def judge(self, batch_size: int) -> Sequence[dict[str, float]] | None:  # noqa: ARG002 - a subclass's
        """Return each candidate's fast metrics on the validation split.

        Args:
            batch_size: Largest number of samples at once: the training's, so that evaluation needs
                no more memory than a step.

        Returns:
            The metrics, or None if each candidate is to be evaluated alone.
        """
        return None

    @abstractmethod
    def descend(self) -> None:
        """Take one step of each candidate's optimizer; the parameters have their gradients."""


class PlainForward(Forward):
    """Computes the loss of one candidate with its network, without fusion."""

    def __init__(self, candidates: Sequence[Prepared], precision: Precision) -> None:
        super().__init__(candidates, precision)
        (own,) = candidates
        self._network, self._descent = own.network, own.descent
        self.statistics = RunningStatistics(self._network)

    def clear(self) -> None:
        """Forget the gradients of the step before."""
        self._descent.clear()

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the network's outputs, (B, n_outputs, ...), in float32."""
        with autocast(inputs.device, self.precision):
            outputs: Tensor = self._network(lay_out(inputs, self.precision))
        return outputs.float()

    def losses(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Return the one loss."""
        return self.objective.loss(self.outputs(inputs), targets)

    def descend(self) -> None:
        """Take one step of the optimizer."""
        descend(self._descent)


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """Return the context of a forward pass: products in `precision`, sums in float32.

    Weights, their gradients, the optimizer's state and losses are in float32 either way.
    """
    if precision != "bfloat16":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


@contextmanager
def tf32() -> Iterator[None]:
    """Let a GPU's matrix products and convolutions of float32 round their factors to 10 bits.

    A setting of the whole process: a step alone has it, forward and backward, no judgement.
    """
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    matmul.allow_tf32 = cudnn.allow_tf32 = True
    try:
        yield
    finally:
        matmul.allow_tf32 = cudnn.allow_tf32 = False


@contextmanager
def products(precision: Precision) -> Iterator[None]:
    """Enter the context of a forward and a backward pass.

    Raises:
        NoEngineError: See `workers.training.engines`.
    """
    rounding = tf32() if precision == "tf32" else nullcontext()
    with engines_explained(precision), rounding:
        yield
