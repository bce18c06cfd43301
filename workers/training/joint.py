"""Joint parameters of a pack: the candidates' parameters and gradients are views of them.

The forward pass of a pack reads one tensor V for each parameter of the fused network, whose first
axis concatenates the candidates. Its gradient stays at one address, and the candidates' gradients
are views of it. If candidates have densities, V = W * Phi for all of them at once, as in
`workers.training.master_weights`; Phi is 1 for one without a density, which changes no bit of a
product.

Products of equal factors are equal wherever they are computed; what is summed, or stepped by an
optimizer, is each candidate's own tensor (`workers.training.descent`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from workers.training.fused_network import Heads
from workers.training.master_weights import MasterWeight, MasterWeights


class JointParameter:
    """One parameter of the fused network, of which the candidates' become views.

    Args:
        values: V, of shape (n * rows, ...), without a gradient.
        n: Networks in it; those beyond the owners are idle.
        owners: The candidates' parameters in their order; they may have fewer rows.
        master_weights: For each owner its W, if it is a product W * Phi.

    Attributes:
        gradient: V's gradient, at a fixed address.
        gradients: The owners' views of it.
    """

    def __init__(
        self,
        values: nn.Parameter,
        n: int,
        owners: Sequence[nn.Parameter],
        master_weights: Sequence[MasterWeight | None],
    ) -> None:
        self._n, self._values = n, values.detach()
        self.gradient = values.grad = torch.zeros_like(values)
        self._weights, self._phi = self._values, None
        if any(master is not None for master in master_weights):
            self._weights, self._phi = self._values.clone(), torch.ones_like(self._values)
        self.gradients = [
            self._take(index, owner, master)
            for index, (owner, master) in enumerate(zip(owners, master_weights, strict=True))
        ]

    def by_candidate(self, joined: Tensor) -> Tensor:
        """Return (n, rows, ...) of a tensor like V."""
        return joined.view(self._n, -1, *joined.shape[1:])

    def _take(self, index: int, owner: nn.Parameter, master: MasterWeight | None) -> Tensor:
        """Make a candidate's tensors views of the joint ones; return the gradient's view."""

        def part(joined: Tensor) -> Tensor:
            return self.by_candidate(joined)[index].narrow(0, 0, len(owner))

        gradient, weights = part(self.gradient), part(self._weights)
        if master is None or self._phi is None:
            owner.data, owner.grad = weights, gradient
            return gradient
        master.move(weights, part(self._phi))
        master.weight.grad = gradient
        owner.data, owner.grad = part(self._values), None
        return gradient

    def pull(self) -> None:
        """Before a step, make V's gradient that of W."""
        if self._phi is not None:
            self.gradient.mul_(self._phi)

    def push(self) -> None:
        """After a step, make V the product again."""
        if self._phi is not None:
            torch.mul(self._weights, self._phi, out=self._values)


def join(
    fused: nn.Module,
    n: int,
    networks: Sequence[nn.Module],
    master_weights: Sequence[MasterWeights],
) -> list[JointParameter]:
    """Make the networks' parameters and statistics views of the fused network's.

    Args:
        fused: The fused network of `n` networks, the first of which are `networks`.
        n: Number of networks, idle copies included.
        networks: Afterwards they share the fused network's memory, as do the master weights.
        master_weights: The networks' master weights.
    """
    found = []
    for name, layer in fused.named_modules():
        if not isinstance(layer, _ConvNd | _BatchNorm | Heads):
            continue
        layers = [network.get_submodule(name) for network in networks]
        # By name: a density has moved its layer's weight behind the bias, and norms are summed in
        # this order.
        for key, values in sorted(layer.named_parameters(recurse=False)):
            owners = [own.get_parameter(key) for own in layers]
            pairs = zip(master_weights, owners, strict=True)
            found.append(JointParameter(values, n, owners, [own.of(v) for own, v in pairs]))
        for key, buffer in layer.named_buffers(recurse=False):
            # Counters, such as of batches, are shared.
            parts = buffer.chunk(n) if buffer.dim() > 0 else [buffer] * n
            for own, part in zip(layers, parts, strict=False):
                setattr(own, key, part)
    return found
