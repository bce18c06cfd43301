"""The shared pieces against torch's own layers."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from workers.training.networks.layers import convolution, doubling, halving, pad_to_multiple


@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize(("stride", "shape"), [(1, (9, 6)), (2, (5, 3))])
def test_convolutions_keep_the_size(size: int, stride: int, shape: tuple[int, int]) -> None:
    assert convolution(2, 3, size, stride=stride)(torch.rand(1, 2, 9, 6)).shape == (1, 3, *shape)


def test_halving_is_the_convolution_of_2x2_with_stride_2() -> None:
    layer = halving(3, 5)
    (pointwise,) = (part for part in layer if isinstance(part, nn.Conv2d))
    assert pointwise.kernel_size == (1, 1)
    images = torch.randn(2, 3, 8, 6)
    weight = pointwise.weight.reshape(5, 3, 2, 2)
    expected = functional.conv2d(images, weight, pointwise.bias, stride=2)
    torch.testing.assert_close(layer(images), expected)


def test_doubling_is_the_transposed_convolution_of_2x2_with_stride_2() -> None:
    layer = doubling(3, 5)
    (pointwise,) = (part for part in layer if isinstance(part, nn.Conv2d))
    assert pointwise.kernel_size == (1, 1)
    images = torch.randn(2, 3, 4, 3)
    weight = pointwise.weight.reshape(5, 2, 2, 3).permute(3, 0, 1, 2)
    expected = functional.conv_transpose2d(images, weight, stride=2)
    torch.testing.assert_close(layer(images), expected)


@pytest.mark.parametrize(
    ("shape", "factor", "padded"),
    [((4, 8), 4, (4, 8)), ((5, 7), 4, (8, 8)), ((1, 9), 8, (8, 16)), ((3, 2), 1, (3, 2))],
)
def test_images_are_padded_with_zeros_below_and_at_the_right(
    shape: tuple[int, int], factor: int, padded: tuple[int, int]
) -> None:
    images = torch.rand(2, 3, *shape) + 1
    got = pad_to_multiple(images, factor)
    assert got.shape == (2, 3, *padded)
    assert torch.equal(got[..., : shape[0], : shape[1]], images)
    assert torch.count_nonzero(got) == images.numel()
