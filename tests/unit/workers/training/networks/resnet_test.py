"""ResNet against its paper and the numbers of parameters that are published for CIFAR."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.support.networks import (
    RESNET,
    built,
    convolutions,
    n_parameters,
)
from workers.training.networks.resnet import BasicBlock, ResNetModule


@pytest.mark.parametrize(
    ("depth", "n_layers", "n_published"),
    # With 1x1 shortcuts, as in the tables of ReZero and of imgclsmob; the paper gives 0.27 M and
    # 0.85 M. Shortcuts are not counted as layers.
    [(3, 20, 272_474), (9, 56, 855_770)],
)
def test_resnet_has_the_published_size(depth: int, n_layers: int, n_published: int) -> None:
    with torch.device("meta"):
        network = ResNetModule(3, 10, depth=depth, width=16, kernel_sizes=[3] * 3)
    assert n_parameters(network) == n_published
    spatial = [layer for layer in convolutions(network) if layer.kernel_size == (3, 3)]
    assert len(spatial) + 1 == n_layers
    assert sum(layer.kernel_size == (1, 1) for layer in convolutions(network)) == 2


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 15), (1, 2), (32, 11)])
@pytest.mark.parametrize("size", [3, 5])
def test_resnet_takes_images_of_any_size(height: int, width: int, size: int) -> None:
    network = built({**RESNET, "kernel_size": size}, n_outputs=10).eval()
    assert network(torch.rand(2, 1, height, width)).shape == (2, 10)


def test_a_block_without_residual_is_its_shortcut() -> None:
    block = BasicBlock(3, 3, kernel_size=3, stride=1)
    last = block.residual[-1]
    assert isinstance(last, nn.BatchNorm2d)
    nn.init.zeros_(last.weight)
    images = torch.randn(2, 3, 5, 7)
    assert torch.equal(block(images), images.clamp(min=0))


def test_a_block_with_a_stride_halves_the_image() -> None:
    block = BasicBlock(3, 6, kernel_size=5, stride=2)
    assert block(torch.randn(2, 3, 9, 6)).shape == (2, 6, 5, 3)
