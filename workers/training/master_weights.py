"""Training with a fixed density at no cost: the network holds V = W * Phi, the optimizer W.

The product leaves the forward and the backward pass: before a step of the optimizer the gradient
of V becomes that of W, dL/dW = Phi * dL/dV, and after it V is the product again. These are the
numbers that the product in the forward pass computes (`densearch.nn.operator`), in every bit,
for any optimizer (momentum, Nesterov, either kind of weight decay, Adam's eps) and any finite
density: taps of Phi that are 0 or negative included.

The rule: a fixed density is trained this way. A learned one keeps the product in the forward
pass, since its gradient flows through it.

Two forms do without W, and hold to rounding alone: gradients of V times Phi^2 for SGD, updates of
V times abs(Phi) for Adam. The first spares one product of kernel size a step, 1 % of the smallest
network's (`workers.training.overhead` measures it). The second misses Adam's eps, which would
have to be eps / abs(Phi) for each tap, and an L2 penalty, which needs V / Phi^2: not at hand where
Phi is 0.

Source: the weights kept apart for the optimizer, P. Micikevicius et al., arXiv:1710.03740,
section 3.1, there for their precision. Checked by
tests/unit/workers/training/master_weights_test.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from densearch.nn.operator import fixed_density, fold


@dataclass(eq=False)
class MasterWeight:
    """The master weight W of one convolution, with its V, which is the layer's weight.

    Phi is expanded over the channels in V's memory format, and W's values are accessed without
    autograd: that saves a third of this class's cost in a small network's step. V's are looked up
    at each step, since a pack moves them.
    """

    weight: nn.Parameter
    kernel: nn.Parameter
    phi: Tensor
    weight_values: Tensor

    def move(self, weight: Tensor, phi: Tensor) -> None:
        """Keep W and Phi in these tensors from now on, with the values that they have."""
        self.weight.data = weight.copy_(self.weight_values)
        self.weight_values = self.weight.detach()
        self.phi = phi.copy_(self.phi)


class MasterWeights:
    """The weights W of a network whose convolutions hold V = W * Phi."""

    def __init__(self, network: nn.Module) -> None:
        """Fold the fixed densities of a network into its weights and keep what they were.

        Args:
            network: On its final device and in its memory format. Afterwards its weighted layers
                are plain convolutions with the weight V, except those whose density is learned.
                Layers must not share a weight.
        """
        self._master_weights = []
        for layer in network.modules():
            phi = fixed_density(layer)
            if phi is not None:
                self._master_weights.append(_master(layer, phi))
        # A GPU takes longer to start a product of so few values than to compute it: there all
        # layers are one call. A CPU is 0.5 % of a small step faster without.
        self.is_joined = any(master.kernel.is_cuda for master in self._master_weights)

    def in_place_of(self, parameters: Iterable[nn.Parameter]) -> list[nn.Parameter]:
        """Return the parameters in their order, W in place of each V: what is optimized."""
        weights = {master.kernel: master.weight for master in self._master_weights}
        return [weights.get(parameter, parameter) for parameter in parameters]

    def of(self, kernel: nn.Parameter) -> MasterWeight | None:
        """Return the master weight of a layer's weight, None if it has none."""
        return next((master for master in self._master_weights if master.kernel is kernel), None)

    def pull(self) -> None:
        """Before a step, make V's gradients those of W."""
        gradients, densities = [], []
        for master in self._master_weights:
            gradient, master.kernel.grad = master.kernel.grad, None
            master.weight.grad = gradient
            if gradient is not None:
                gradients.append(gradient)
                densities.append(master.phi)
        if self.is_joined and gradients:
            torch._foreach_mul_(gradients, densities)
            return
        for gradient, phi in zip(gradients, densities, strict=True):
            gradient.mul_(phi)

    def push(self) -> None:
        """After a step, make V the product again."""
        if not self.is_joined:
            for master in self._master_weights:
                torch.mul(master.weight_values, master.phi, out=master.kernel.data)
            return
        kernels = [master.kernel.data for master in self._master_weights]
        torch._foreach_copy_(kernels, [master.weight_values for master in self._master_weights])
        torch._foreach_mul_(kernels, [master.phi for master in self._master_weights])


def _master(layer: nn.Module, phi: Tensor) -> MasterWeight:
    original: Tensor = layer.parametrizations["weight"].original  # type: ignore[index, union-attr]
    weight = nn.Parameter(original.detach().clone())
    kernel = fold(layer).get_parameter("weight")
    spread = torch.ones_like(weight.detach()) * phi
    return MasterWeight(weight, kernel, spread, weight.detach())
