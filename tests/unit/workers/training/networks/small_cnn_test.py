"""The small CNN of signals, images and volumes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from densearch.nn.operator import apply_density, fold
from densearch.plugins.shape import InputShape
from tests.support.networks import SMALL_CNN, built, n_parameters
from workers.training.generators import generator
from workers.training.networks import build_network
from workers.training.networks.small_cnn import VolumePool


def of_axes(n_dims: int, size_px: int, kernel_size: int = 3, depth: int = 2) -> nn.Module:
    section = {**SMALL_CNN, "width": 5, "kernel_size": kernel_size, "depth": depth}
    return build_network(section, InputShape(2, size_px, n_dims), 3, generator(0))


@pytest.mark.parametrize("size_px", [1, 2, 3, 8, 25, 32])
@pytest.mark.parametrize("depth", [1, 2, 7])
def test_small_cnn_takes_images_of_any_size(size_px: int, depth: int) -> None:
    network = built({**SMALL_CNN, "depth": depth, "kernel_size": 5}, size_px, n_outputs=10)
    logits = network(torch.rand(3, 1, size_px, size_px))
    assert logits.shape == (3, 10)
    assert bool(torch.isfinite(logits).all())


def test_small_cnn_has_its_convolutions_and_its_head() -> None:
    # 1*16*9 + 16, 16*16*9 + 16, and 16*10 + 10.
    assert n_parameters(built(SMALL_CNN, n_outputs=10)) == 160 + 2320 + 170


@pytest.mark.parametrize("size_px", [1, 3, 8, 13])
@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_samples_may_have_one_to_three_axes(n_dims: int, size_px: int) -> None:
    network = of_axes(n_dims, size_px, depth=3)
    sides = [size_px + axis for axis in range(n_dims)]
    assert network(torch.rand(4, 2, *sides)).shape == (4, 3)


@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_a_density_of_as_many_axes_is_carried_trained_and_folded(n_dims: int) -> None:
    network = of_axes(n_dims, 8, kernel_size=5)
    # Two convolutions of 5 channels: 2*5 and 5*5 kernels of 5^n taps, a bias each; and the head.
    assert n_parameters(network) == 35 * 5**n_dims + 2 * 5 + 5 * 3 + 3
    phi = torch.rand((5,) * n_dims, generator=generator(1)) + 0.5
    assert apply_density(network, phi) == ["features.0.0", "features.1.0"]
    samples = torch.rand(4, 2, *(8,) * n_dims)
    network(samples).square().mean().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in network.parameters())
    with torch.no_grad():
        before = network(samples)
        assert torch.equal(fold(network)(samples), before)


@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_a_step_is_convolution_relu_and_pooling_in_every_bit(n_dims: int) -> None:
    """In that order, though pooling comes first here; of windows without a positive value, too."""
    network = of_axes(n_dims, 8)
    convolution, *_ = network.features[0]  # type: ignore[index]
    pool = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)[n_dims - 1](2)
    samples = torch.randn(4, 2, *(8,) * n_dims, generator=generator(1))
    usual = pool(convolution(samples).relu())
    assert (usual == 0).any()
    assert torch.equal(network.features[0](samples), usual)  # type: ignore[index, operator]
    upstream = torch.randn(usual.shape, generator=generator(2))
    own, expected = (
        torch.autograd.grad(outputs, [*convolution.parameters()], upstream)
        for outputs in (network.features[0](samples), usual)  # type: ignore[index, operator]
    )
    for gradient, other in zip(own, expected, strict=True):
        assert torch.equal(gradient, other)


@pytest.mark.parametrize("sides", [(2, 2, 2), (4, 6, 8), (5, 7, 3)])
def test_volumes_are_pooled_as_torch_does(sides: tuple[int, int, int]) -> None:
    volumes = torch.randn(2, 3, *sides, dtype=torch.float64, requires_grad=True)
    ours, theirs = VolumePool()(volumes), nn.MaxPool3d(2)(volumes)
    assert torch.equal(ours, theirs)
    upstream = torch.randn_like(theirs)
    (gradient,) = torch.autograd.grad(ours, volumes, upstream)
    (expected,) = torch.autograd.grad(theirs, volumes, upstream)
    assert torch.equal(gradient, expected)


@pytest.mark.parametrize("n_dims", [1, 3])
def test_signals_and_volumes_are_learned(n_dims: int) -> None:
    """How far apart two peaks lie, 0 to 2 steps, at a random place."""
    draws = generator(2)
    samples = 0.1 * torch.randn(96, 2, *(12,) * n_dims, generator=draws)
    labels = torch.arange(96) % 3
    for index, label in enumerate(labels.tolist()):
        place = torch.randint(2, 8, (n_dims,), generator=draws).tolist()
        samples[(index, 0, *place)] += 4.0
        samples[(index, 1, *place[:-1], place[-1] + label)] += 4.0
    network = of_axes(n_dims, 12)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    losses = []
    for _ in range(150):
        loss = nn.functional.cross_entropy(network(samples), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[0] > 1.0
    assert losses[-1] < 0.3
