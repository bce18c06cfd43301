"""Densities learned by gradient descent together with the weights.

Source: the trainable variant of the authors' operator, cammarasana123/weightedConvolution2.0,
wConv-Trainable.py: the free values of each layer's density are parameters of the network. Here
they may be shared by layers, of any family, and are kept within bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from densearch.density import families
from densearch.nn.learnable import family_module
from densearch.nn.operator import DensityError, convolutions, put_density
from service.studies.training_payload import DensityLearning
from workers.training.task import Learned


class LearnedDensity(nn.Module):
    """A density whose free values are a parameter.

    Attributes:
        family: One of `densearch.density.families.FAMILIES`.
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
        n_dims: int = 2,
    ) -> None:
        """Check and start.

        Args:
            family: One of `densearch.density.families.FAMILIES`.
            kernel_size: K, odd.
            start: (n_free,); brought within the bounds.
            bounds: [low, high] for each free value; both ends are values the family can take.
            n_dims: Axes of the kernel, 1 to 3.

        Raises:
            ValueError: A vector of another length, bounds the wrong way round, a value that the
                family cannot take.
        """
        super().__init__()
        low, high = ([float(pair[end]) for pair in bounds] for end in (0, 1))
        for vector in (start, low, high):
            families.build(family, kernel_size, vector, n_dims)
        if any(a > b for a, b in zip(low, high, strict=True)):
            raise ValueError("a lower bound is above its upper bound")
        self.family = family
        self.phi = family_module(family, kernel_size, n_dims)
        self.vector = nn.Parameter(torch.tensor(start, dtype=torch.float64))
        for name, ends in (("low", low), ("high", high)):
            values = torch.tensor(ends, dtype=torch.float64)
            self.register_buffer(name, values, persistent=False)
        self.project()

    def forward(self) -> Tensor:
        """Return Phi, (K,) * n_dims, in float64."""
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
        by_group: Each group's name with the density that its layers share.
    """

    by_group: Mapping[str, LearnedDensity]

    def vectors(self) -> list[nn.Parameter]:
        """Return each group's vector."""
        return [learned.vector for learned in self.by_group.values()]

    def project(self) -> None:
        """Bring every vector back within its bounds."""
        for learned in self.by_group.values():
            learned.project()

    def values(self) -> Learned:
        """Return the vectors as they stand, by group."""
        return {"groups": {name: own.values() for name, own in self.by_group.items()}}


def learn_density(network: nn.Module, wanted: DensityLearning) -> LearnedDensities:
    """Put densities to be learned on a network's convolutions, in place: one for each group.

    Args:
        network: Whose convolutions carry no density.
        wanted: The densities' family, and the layers, start and bounds of each.

    Raises:
        DensityError: A group's layers are no convolutions, or have other kernels.
        ValueError: As `LearnedDensity`.
    """
    by_group = {}
    for group in wanted.groups:
        n_dims = _n_dims(network, group.layers)
        learned = LearnedDensity(
            wanted.family, group.kernel_size, group.start, group.bounds, n_dims
        )
        put_density(network, learned, group.layers)
        by_group[group.name] = learned
    return LearnedDensities(by_group)


def _n_dims(network: nn.Module, layers: Sequence[str]) -> int:
    known = convolutions(network)
    unknown = [name for name in layers if name not in known]
    if unknown:
        raise DensityError(f"the network has no convolution {', '.join(map(repr, unknown))}")
    return len(known[layers[0]].kernel_size)


def parameter_groups(
    network: nn.Module, vectors: Iterable[nn.Parameter], lr: float, weight_decay: float = 0.0
) -> list[dict[str, Any]]:
    """Part a network's parameters for its optimizer: weights first, then the density's.

    Args:
        network: Holds the vectors among its parameters.
        vectors: The free values of learned densities.
        lr: Their learning rate.
        weight_decay: Theirs: none unless it is asked for, as 0 is no special density.
    """
    apart = list(vectors)
    chosen = {id(vector) for vector in apart}
    weights = [p for p in network.parameters() if id(p) not in chosen]
    return [{"params": weights}, {"params": apart, "lr": lr, "weight_decay": weight_decay}]
