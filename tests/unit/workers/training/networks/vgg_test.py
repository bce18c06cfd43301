"""VGG against its paper and the numbers of parameters that are published for CIFAR."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.support.networks import VGG, built, convolutions, n_parameters
from workers.training.networks.vgg import VggModule

# Table 1 of the paper, configurations A, B and D: the channels of each convolution.
TABLE = {
    8: [64, 128, 256, 256, 512, 512, 512, 512],
    10: [64, 64, 128, 128, 256, 256, 512, 512, 512, 512],
    13: [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512],
}
# VGG-11, VGG-13 and VGG-16 with batch normalisation for CIFAR-10, as pytorch-cifar has them: there
# the convolutions have a bias, which batch normalisation makes idle and we leave out.
PUBLISHED = {8: 9_231_114, 10: 9_416_010, 13: 14_728_266}


@pytest.mark.parametrize("depth", TABLE)
def test_vgg_has_the_published_layers(depth: int) -> None:
    with torch.device("meta"):
        network = VggModule(3, 10, depth=depth, width=64, kernel_sizes=[3] * 5)
    assert [layer.out_channels for layer in convolutions(network)] == TABLE[depth]
    assert n_parameters(network) == PUBLISHED[depth] - sum(TABLE[depth])
    assert network(torch.empty(2, 3, 32, 32, device="meta")).shape == (2, 10)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 15), (32, 11)])
@pytest.mark.parametrize("size", [3, 5])
def test_vgg_takes_images_that_its_stages_can_halve(height: int, width: int, size: int) -> None:
    network = built({**VGG, "kernel_size": size}, n_outputs=10)
    assert network(torch.rand(2, 1, height, width)).shape == (2, 10)


def test_stages_are_convolutions_norms_relus_and_a_pooling_in_every_bit() -> None:
    """In that order, though the last ReLU comes after the pooling here."""
    network = built({**VGG, "depth": 3, "n_stages": 2}, n_outputs=10)
    images = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    features = images
    for index, layers in enumerate(network.features):  # type: ignore[arg-type]
        convolved = [layer for layer in layers if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
        if convolved:
            features = nn.Sequential(*convolved)(features).relu()
        else:
            features = nn.functional.max_pool2d(features, 2)
            assert index in {1, 4}
    upstream = torch.randn(features.shape, generator=torch.Generator().manual_seed(2))
    parameters = [*network.features.parameters()]  # type: ignore[union-attr]
    expected = torch.autograd.grad(features, parameters, upstream)
    own = network.features(images)  # type: ignore[operator]
    assert torch.equal(own, features)
    for gradient, other in zip(
        torch.autograd.grad(own, parameters, upstream), expected, strict=True
    ):
        assert torch.equal(gradient, other)
