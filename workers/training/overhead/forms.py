"""The forms in which a density can be trained, by name, for comparison.

`master_weights` is what trainings use, `scaled` its form without W for SGD. `product` and `unfold`
compute the same as the authors' public operators (arXiv:2505.24527), from their formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from densearch.nn.operator import apply_density, convolutions
from workers.training.descent import GradientDescent
from workers.training.master_weights import MasterWeights


def _plain(network: nn.Module, phi: Tensor, settings: Mapping[str, Any]) -> GradientDescent:
    del phi
    return GradientDescent(torch.optim.SGD(network.parameters(), **settings))


def _master_weights(
    network: nn.Module, phi: Tensor, settings: Mapping[str, Any]
) -> GradientDescent:
    apply_density(network, phi)
    master_weights = MasterWeights(network)
    optimizer = torch.optim.SGD(master_weights.in_place_of(network.parameters()), **settings)
    return GradientDescent(optimizer, [master_weights.pull], [master_weights.push])


def _scaled(network: nn.Module, phi: Tensor, settings: Mapping[str, Any]) -> GradientDescent:
    apply_density(network, phi)
    MasterWeights(network)  # folds; the gradients' factor takes the place of W
    kernels = [layer.weight for layer in convolutions(network).values()]
    factor = phi.square()

    def scale() -> None:
        for kernel in kernels:
            if kernel.grad is not None:
                kernel.grad.mul_(factor)

    return GradientDescent(torch.optim.SGD(network.parameters(), **settings), [scale])


def _product(network: nn.Module, phi: Tensor, settings: Mapping[str, Any]) -> GradientDescent:
    apply_density(network, phi)
    return GradientDescent(torch.optim.SGD(network.parameters(), **settings))


def _unfold(
    network: nn.Module, phi: Tensor, settings: Mapping[str, Any]
) -> GradientDescent | None:
    for layer in convolutions(network).values():
        if layer.groups > 1 or not isinstance(layer, nn.Conv2d):
            return None
        layer.forward = partial(_unfolded, layer, phi)  # type: ignore[method-assign]
    return GradientDescent(torch.optim.SGD(network.parameters(), **settings))


def _unfolded(layer: nn.Conv2d, phi: Tensor, images: Tensor) -> Tensor:
    """Weigh every window of the images tap by tap, then multiply by the kernels as a matrix."""
    size, stride, padding = layer.kernel_size, layer.stride, layer.padding
    if isinstance(padding, str):
        raise TypeError("a padding by name is not written out here")
    windows = functional.unfold(images, size, layer.dilation, padding, stride)
    weighted = windows.view(len(images), -1, phi.numel(), windows.shape[-1]) * phi.view(-1, 1)
    outputs: Tensor = layer.weight.flatten(1) @ weighted.flatten(1, 2)
    if layer.bias is not None:
        outputs = outputs + layer.bias[:, None]
    height = (images.shape[2] + 2 * padding[0] - size[0]) // stride[0] + 1
    return outputs.view(len(images), len(layer.weight), height, -1)


# Each puts a density of shape (K,) * n_dims on a network and returns the descent of its weights by
# SGD with these settings; or returns None where one of the network's layers has no such form.
Form = Callable[[nn.Module, Tensor, Mapping[str, Any]], GradientDescent | None]
FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "plain": _plain,
        "master_weights": _master_weights,
        "scaled": _scaled,
        "product": _product,
        "unfold": _unfold,
    }
)
