"""The forward pass of what is trained on one sequence of batches, and where its gradients go."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

import torch
from torch import Tensor, nn

from workers.training.layout import lay_out
from workers.training.running_statistics import RunningStatistics

Precision = Literal["float32", "tf32", "bfloat16"]


class Passes(ABC):
    """Of one candidate or of several.

    Attributes:
        statistics: Of the network that the batches pass through.
        precision: What products are computed in.
    """

    statistics: RunningStatistics
    precision: Precision

    @abstractmethod
    def outputs(self, inputs: Tensor) -> Sequence[Tensor]:
        """Return each candidate's outputs in float32, (B, n_outputs, ...) or (B, n_outputs)."""

    @abstractmethod
    def hand_out(self) -> None:
        """After a backward pass, give every candidate's parameters their gradients."""


class PlainPasses(Passes):
    """Of one network, as it is."""

    def __init__(self, networks: Sequence[nn.Module], precision: Precision) -> None:
        """Take the one network, on its device and in train mode."""
        (self._network,) = networks
        self.precision = precision
        self.statistics = RunningStatistics(self._network)

    def outputs(self, inputs: Tensor) -> Sequence[Tensor]:
        """Return the network's outputs alone."""
        with autocast(inputs.device, self.precision):
            outputs: Tensor = self._network(lay_out(inputs, self.precision))
        return [outputs.float()]

    def hand_out(self) -> None:
        """Nothing is left to be done: the parameters have their gradients."""


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


def products(precision: Precision) -> AbstractContextManager[object]:
    """Return the context of a forward and a backward pass."""
    return tf32() if precision == "tf32" else nullcontext()
