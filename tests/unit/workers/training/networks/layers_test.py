"""The shared pieces against torch's own layers."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from densearch.nn.operator import apply_density, fold
from workers.training.networks.layers import (
    OneChannelConv2d,
    StridedPointwise,
    convolution,
    doubling,
    halving,
    pad_to_multiple,
    to_outputs,
)


@pytest.mark.parametrize("n_in", [1, 3, 7, 8, 16])
@pytest.mark.parametrize("side", [8, 9])
def test_a_strided_pointwise_convolution_is_the_usual_one(n_in: int, side: int) -> None:
    """torch's own corrupts memory in its backward pass on CPUs without AVX-512."""
    layer = StridedPointwise(n_in, 2 * n_in, 2).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.rand(8, n_in, side, side).contiguous(memory_format=torch.channels_last)
    images.requires_grad_()
    outputs = layer(images)
    for _ in range(100):  # what it corrupts ends the process sooner or later
        outputs = layer(images)
        outputs.square().sum().backward()
    weight = layer.weight.detach()[..., 0, 0]
    picked = torch.einsum("oi,bihw->bohw", weight, images.detach()[..., ::2, ::2])
    torch.testing.assert_close(outputs.detach(), picked)


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


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_one_channel_is_the_usual_convolution(size: int, is_weighted: bool) -> None:
    layer = OneChannelConv2d(4, size).double()
    phi = torch.rand(size, size, dtype=torch.float64) + 0.5
    if is_weighted and size > 1:
        apply_density(layer, phi)
    images = torch.randn(2, 4, 7, 9, dtype=torch.float64, requires_grad=True)
    weight, bias = layer.weight.detach().requires_grad_(), layer.bias
    assert bias is not None
    usual = functional.conv2d(images, weight, bias, padding=size // 2)
    ours = layer(images)
    torch.testing.assert_close(ours, usual, rtol=1e-12, atol=1e-12)
    seen = torch.randn_like(usual)
    expected = torch.autograd.grad(usual, (images, bias), seen)
    for found, wanted in zip(
        torch.autograd.grad(ours, (images, bias), seen), expected, strict=True
    ):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(fold(layer)(images), usual, rtol=1e-12, atol=1e-12)


def test_its_kernel_learns_as_the_usual_one() -> None:
    layer, usual = OneChannelConv2d(4, 3).double(), nn.Conv2d(4, 1, 3, padding=1).double()
    usual.load_state_dict(layer.state_dict())
    images = torch.randn(2, 4, 7, 9, dtype=torch.float64)
    for own in (layer, usual):
        own(images).square().sum().backward()
    torch.testing.assert_close(layer.weight.grad, usual.weight.grad, rtol=1e-12, atol=1e-12)


def test_it_is_the_usual_one_in_bfloat16() -> None:
    layer = OneChannelConv2d(4, 3)
    images = torch.randn(2, 4, 7, 9)
    with torch.autocast("cpu", torch.bfloat16):
        usual = functional.conv2d(images, layer.weight, layer.bias, padding=1)
        assert torch.equal(layer(images), usual)


def test_several_outputs_have_the_usual_one() -> None:
    assert type(to_outputs(4, 3, 5)) is nn.Conv2d
    assert to_outputs(4, 3, 5)(torch.zeros(1, 4, 7, 9)).shape == (1, 3, 7, 9)
