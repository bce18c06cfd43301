"""Densities learned by gradient descent together with the weights.

Source: the trainable variant of the authors' operator, cammarasana123/weightedConvolution2.0,
wConv-Trainable.py: the free values of each layer's density are parameters of the network. Here
they may be shared by the layers, of any family, and are kept within bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from service import density
from workers.training.families import family_module
from workers.training.operator import DensityError, convolutions, put_density
from workers.training.task import Learned


class LearnedDensity(nn.Module):
    """A density whose free values are a parameter.

    Attributes:
        family: One of `service.density.FAMILIES`.
        vector: (n_free,), in float64 whatever the network's dtype, so that a bound is a bound and
            what is reported is what was used.
    """

    low: Tensor
    high: Tensor

    def __init__(
        self,
        family: str,
        kernel_size: int,
        start: Sequence[float],
        bounds: Sequence[Sequence[float]],
    ) -> None:
        """Check and start.

        Args:
            family: One of `service.density.FAMILIES`, in two dimensions.
            kernel_size: K, odd.
            start: (n_free,); brought within the bounds.
            bounds: [low, high] for each free value; both ends are values the family can take.

        Raises:
            ValueError: A vector of another length, bounds the wrong way round, a value that the
                family cannot take.
        """
        super().__init__()
        low, high = ([float(pair[end]) for pair in bounds] for end in (0, 1))
        for vector in (start, low, high):
            density.build(family, kernel_size, vector)
        if any(a > b for a, b in zip(low, high, strict=True)):
            raise ValueError("a lower bound is above its upper bound")
        self.family = family
        self.phi = family_module(family, kernel_size)
        self.vector = nn.Parameter(torch.tensor(start, dtype=torch.float64))
        for name, ends in (("low", low), ("high", high)):
            values = torch.tensor(ends, dtype=torch.float64)
            self.register_buffer(name, values, persistent=False)
        self.project()

    def forward(self) -> Tensor:
        """Return Phi, (K, K), in float64."""
        phi: Tensor = self.phi(self.vector)
        return phi

    @torch.no_grad()
    def project(self) -> None:
        """Bring the vector back within its bounds: the nearest point of the box."""
        self.vector.clamp_(self.low, self.high)

    def values(self) -> list[float]:
        """Return the vector as plain numbers."""
        return [float(value) for value in self.vector.detach()]


@dataclass(frozen=True, eq=False)
class LearnedDensities:
    """The learned densities of a network.

    Attributes:
        by_layer: Each weighted layer's name with its density, in the network's order; the same
            object for all where they share one.
        is_per_layer: Whether each layer has its own.
    """

    by_layer: Mapping[str, LearnedDensity]
    is_per_layer: bool

    def vectors(self) -> list[nn.Parameter]:
        """Return each vector once."""
        return [learned.vector for learned in dict.fromkeys(self.by_layer.values())]

    def project(self) -> None:
        """Bring every vector back within its bounds."""
        for learned in dict.fromkeys(self.by_layer.values()):
            learned.project()

    def values(self) -> Learned:
        """Return the vectors as they stand, by layer where each has its own."""
        if self.is_per_layer:
            return {"layers": {name: own.values() for name, own in self.by_layer.items()}}
        return {"vector": next(iter(self.by_layer.values())).values()}


def learn_density(network: nn.Module, section: Mapping[str, Any]) -> LearnedDensities:
    """Put densities to be learned on every convolution with the section's kernel size, in place.

    Args:
        network: With two-dimensional convolutions that carry no density.
        section: `family`, `kernel_size`, `start`, `bounds` and `per_layer`, as a training's
            payload has them.

    Raises:
        DensityError: No convolution has that kernel size.
        ValueError: As `LearnedDensity`.
    """
    size = int(section["kernel_size"])
    window = (size, size)
    names = [n for n, layer in convolutions(network).items() if layer.kernel_size == window]
    if not names:
        raise DensityError(f"the network has no convolution with a kernel of {size} x {size}")
    groups = [[name] for name in names] if section["per_layer"] else [names]
    by_layer = {}
    for group in groups:
        learned = LearnedDensity(section["family"], size, section["start"], section["bounds"])
        put_density(network, learned, group)
        by_layer.update(dict.fromkeys(group, learned))
    return LearnedDensities(by_layer, is_per_layer=bool(section["per_layer"]))


def parameter_groups(
    network: nn.Module, vectors: Iterable[nn.Parameter], lr: float
) -> list[dict[str, Any]]:
    """Part a network's parameters for its optimizer: weights first, then the density's.

    Args:
        network: Holds the vectors among its parameters.
        vectors: The free values of learned densities.
        lr: Their learning rate. They have no weight decay: 0 is no special density.
    """
    apart = list(vectors)
    chosen = {id(vector) for vector in apart}
    weights = [p for p in network.parameters() if id(p) not in chosen]
    return [{"params": weights}, {"params": apart, "lr": lr, "weight_decay": 0.0}]
