# ruff: noqa: A005 - the mathematical operator; nothing here is imported as a bare `operator`
"""The weighted convolution ``y = conv(x, W * Phi)``, put on existing networks from outside.

`apply_density` registers the product as a parametrization of each convolution's weight, so the
optimizer sees W and the convolution sees W * Phi; `put_density` does the same with a density that
is computed, and may be learned; `fold` writes the product into the weight and leaves plain
convolutions.

Source: Cammarasana and Patane, arXiv:2505.24527. Checked by operator_test.py
below tests/unit and tests/property.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils import parametrize

ModuleT = TypeVar("ModuleT", bound=nn.Module)


class DensityError(ValueError):
    """A density cannot be put on a layer; the message names the layer."""


class FixedDensity(nn.Module):
    """A density that stays: it gets no gradient and no place in the state dict.

    Attributes:
        phi: Shape (K,) * n_dims.
    """

    phi: Tensor

    def __init__(self, phi: Tensor) -> None:
        super().__init__()
        self.register_buffer("phi", phi, persistent=False)

    def forward(self) -> Tensor:
        """Return Phi."""
        return self.phi


class WeightedKernel(nn.Module):
    """The parametrization ``W -> W * Phi``.

    Attributes:
        density: Called without arguments it returns Phi, shape (K,) * n_dims, which is brought to
            the weight's dtype and broadcast over both channel axes.
    """

    def __init__(self, density: nn.Module) -> None:
        super().__init__()
        self.density = density

    def forward(self, weight: Tensor) -> Tensor:
        """Return the kernel that the convolution applies, shaped as `weight`."""
        phi: Tensor = self.density()
        return weight * phi.to(weight.dtype)


def apply_density(
    module: nn.Module,
    phi: Tensor | np.ndarray[Any, Any] | Sequence[Any],
    layers: Collection[str] | None = None,
) -> list[str]:
    """Put one density on a network's convolutions, in place.

    Args:
        module: Any network with `Conv1d/2d/3d` or `ConvTranspose1d/2d/3d` layers.
        phi: Shape (K,) * n_dims (or one size per axis), finite. Its number of axes is the
            convolution's; a transposed convolution is weighted tap by tap as its weight is stored.
        layers: Names as in `module.named_modules()`; by default every convolution with a kernel
            larger than 1.

    Returns:
        The names of the weighted layers, in the network's order.

    Raises:
        DensityError: A layer's kernel has another shape than phi, is unknown, is no convolution,
            shares its weight with another layer or carries a density already; phi is not finite;
            or there is nothing to weight. Nothing is changed then.
    """
    # A copy: torch warns of an array that is read-only.
    values = torch.as_tensor(np.asarray(phi, dtype=np.float64).copy())
    if not bool(torch.isfinite(values).all()):
        raise DensityError("the density has values that are not finite")
    chosen = _fitting(module, tuple(values.shape), layers)
    for convolution in chosen.values():
        weight = convolution.weight
        _weigh(convolution, FixedDensity(values.to(device=weight.device, dtype=weight.dtype)))
    return list(chosen)


def put_density(module: nn.Module, density: nn.Module, layers: Collection[str]) -> None:
    """Put one computed density on a network's convolutions, in place: they share it.

    Args:
        module: As for `apply_density`.
        density: Called without arguments it returns Phi, shape (K,) * n_dims, of any floating
            dtype. Its parameters become the network's until it is folded.
        layers: Names as in `module.named_modules()`.

    Raises:
        DensityError: As `apply_density`.
    """
    shape = tuple(density().shape)
    for convolution in _fitting(module, shape, layers).values():
        _weigh(convolution, density)


def fold(module: ModuleT) -> ModuleT:
    """Replace every weighted convolution by the plain one with the weight W * Phi, in place.

    Outputs stay bitwise equal, since the product is the one that the forward pass computed.
    Optimizers made before hold the folded parameter afterwards; their momentum does not apply.

    Returns:
        The same module.
    """
    for layer in module.modules():
        if is_weighted(layer):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    return module


def is_weighted(layer: nn.Module) -> bool:
    """Whether a layer's weight carries a density."""
    return bool(_densities(layer))


def fixed_density(layer: nn.Module) -> Tensor | None:
    """Return the Phi that `apply_density` put on a layer, shape (K,) * n_dims, if it did."""
    fixed = [density for density in _densities(layer) if isinstance(density, FixedDensity)]
    return fixed[0].phi if fixed else None


def convolutions(module: nn.Module) -> dict[str, _ConvNd]:
    """Return by name, in the network's order, the convolutions with a kernel larger than 1."""
    return {
        name: layer
        for name, layer in module.named_modules()
        if isinstance(layer, _ConvNd) and max(layer.kernel_size) > 1
    }


def _densities(layer: nn.Module) -> list[nn.Module]:
    if not parametrize.is_parametrized(layer, "weight"):
        return []
    chain = layer.parametrizations["weight"]  # type: ignore[index]
    return [step.density for step in chain if isinstance(step, WeightedKernel)]


def _weigh(convolution: _ConvNd, density: nn.Module) -> None:
    # unsafe: skips torch's trial run, whose checks (shape, dtype) hold by construction.
    kernel = WeightedKernel(density)
    parametrize.register_parametrization(convolution, "weight", kernel, unsafe=True)


def _fitting(
    module: nn.Module, shape: tuple[int, ...], layers: Collection[str] | None
) -> dict[str, _ConvNd]:
    chosen = convolutions(module) if layers is None else _named(module, layers)
    if not chosen:
        raise DensityError("the network has no convolution with a kernel larger than 1")
    for name, convolution in chosen.items():
        _require_fit(name, convolution, shape)
    _require_own_weights(module, chosen)
    return chosen


def _named(module: nn.Module, layers: Collection[str]) -> dict[str, _ConvNd]:
    wanted = set(layers)
    present = {name: layer for name, layer in module.named_modules() if name in wanted}
    if unknown := sorted(wanted - present.keys()):
        raise DensityError(f"the network has no layer {', '.join(map(repr, unknown))}")
    chosen = {}
    for name, layer in present.items():
        if not isinstance(layer, _ConvNd):
            raise DensityError(f"layer {name!r} is a {type(layer).__name__}, not a convolution")
        chosen[name] = layer
    return chosen


def _require_fit(name: str, convolution: _ConvNd, shape: tuple[int, ...]) -> None:
    if tuple(convolution.kernel_size) != shape:
        raise DensityError(
            f"layer {name!r} has a kernel of shape {tuple(convolution.kernel_size)}, "
            f"the density has {shape}: name the layers that fit"
        )
    if is_weighted(convolution):
        raise DensityError(f"layer {name!r} carries a density already: fold it first")


def _require_own_weights(module: nn.Module, chosen: dict[str, _ConvNd]) -> None:
    """Refuse tied weights: the density would be multiplied in for each layer that has them."""
    owners: dict[int, list[str]] = {}
    for name, layer in module.named_modules():
        for own in layer.parameters(recurse=False):
            owners.setdefault(id(own), []).append(name)
    for name, convolution in chosen.items():
        others = [owner for owner in owners.get(id(convolution.weight), []) if owner != name]
        if others:
            raise DensityError(
                f"layer {name!r} shares its weight with {', '.join(map(repr, others))}: "
                "a density needs a weight of its own"
            )
