"""Networks: shapes, sizes and the initial weights."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from workers.training.networks import InputShape, build_network
from workers.training.networks.initialisation import INITIALISATIONS, initialise
from workers.training.streams import generator, streams_of

DNCNN = {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 3}
SMALL_CNN = {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3}
CPU = torch.device("cpu")


def built(section: dict[str, object], size_px: int = 8, n_outputs: int = 1) -> nn.Module:
    streams = streams_of(0, CPU)
    return build_network(section, InputShape(1, size_px), n_outputs, streams.weights)


def n_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_dncnn_has_the_published_layers() -> None:
    # First 1*16*9 + 16, three of 16*16*9 with two batch-norm vectors each, last 16*9 + 1.
    network = built(DNCNN)
    assert n_parameters(network) == 160 + 3 * (2304 + 32) + 145
    kinds = [type(layer).__name__ for layer in network.children()]
    middle = ["Conv2d", "BatchNorm2d", "ReLU"]
    assert kinds == ["Conv2d", "ReLU", *middle * 3, "Conv2d"]


@pytest.mark.parametrize("size", [3, 5, 7, 31])
@pytest.mark.parametrize("depth", [2, 3])
def test_dncnn_keeps_the_image_size(size: int, depth: int) -> None:
    network = built({**DNCNN, "kernel_size": size, "depth": depth, "width": 3})
    assert network(torch.rand(2, 1, 16, 21)).shape == (2, 1, 16, 21)


@pytest.mark.parametrize("size_px", [1, 2, 3, 8, 25, 32])
@pytest.mark.parametrize("depth", [1, 2, 7])
def test_small_cnn_takes_images_of_any_size(size_px: int, depth: int) -> None:
    network = built({**SMALL_CNN, "depth": depth, "kernel_size": 5}, size_px, n_outputs=10)
    logits = network(torch.rand(3, 1, size_px, size_px))
    assert logits.shape == (3, 10)
    assert bool(torch.isfinite(logits).all())


def test_initial_weights_follow_the_seed_alone() -> None:
    first = built(DNCNN).state_dict()
    torch.manual_seed(2)
    second = built(DNCNN).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    third = build_network(DNCNN, InputShape(1, 8), 1, streams_of(1, CPU).weights).state_dict()
    assert not torch.equal(first["0.weight"], third["0.weight"])


def test_initial_weights_are_distributed_as_torchs_default() -> None:
    wide = built({**DNCNN, "width": 64, "depth": 3})
    weight = wide.state_dict()["2.weight"]
    torch.manual_seed(0)
    default = nn.Conv2d(64, 64, 3).weight.detach()
    assert float(weight.std()) == pytest.approx(float(default.std()), rel=0.02)
    assert float(weight.abs().max()) <= 1 / math.sqrt(64 * 9)
    assert float(weight.abs().max()) == pytest.approx(float(default.abs().max()), rel=0.01)


def fan(layer: nn.Conv2d | nn.Linear, axis: int) -> int:
    """Taps times channels that go in (axis 1) or come out (axis 0)."""
    taps = math.prod(layer.kernel_size) if isinstance(layer, nn.Conv2d) else 1
    return layer.weight.shape[axis] * taps


@pytest.mark.parametrize(("name", "axis"), [("kaiming_fan_in", 1), ("kaiming_fan_out", 0)])
def test_kaiming_weights_are_normal_with_variance_two_over_the_fan(name: str, axis: int) -> None:
    network = nn.ModuleList([nn.Conv2d(24, 48, 5), nn.Conv2d(48, 16, 3), nn.Linear(300, 100)])
    initialise(network, generator(0), name)
    for layer in network:
        assert isinstance(layer, nn.Conv2d | nn.Linear)
        values = layer.weight.detach().double().flatten() / math.sqrt(2 / fan(layer, axis))
        n = len(values)
        assert abs(float(values.mean())) < 5 / math.sqrt(n)
        # The variance of a normal sample's variance is 2 / n, its fourth moment is 3.
        assert float(values.square().mean()) == pytest.approx(1, abs=5 * math.sqrt(2 / n))
        assert float(values.pow(4).mean()) == pytest.approx(3, abs=5 * math.sqrt(96 / n))
        assert layer.bias is not None
        assert torch.count_nonzero(layer.bias) == 0


@pytest.mark.parametrize("name", sorted(INITIALISATIONS))
def test_initial_weights_come_from_the_stream_alone(name: str) -> None:
    first, second = (nn.Conv2d(2, 3, 3), nn.Conv2d(2, 3, 3))
    for layer, global_seed in ((first, 0), (second, 1)):
        torch.manual_seed(global_seed)
        initialise(layer, generator(5), name)
    assert torch.equal(first.weight, second.weight)
    assert torch.equal(first.bias, second.bias)  # type: ignore[arg-type]


def test_an_unknown_initialisation_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="unknown initialisation 'zero': known are framework, k"):
        initialise(nn.Linear(1, 1), generator(0), "zero")


def test_an_unknown_network_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="unknown network 'vgg': known are dncnn, small_cnn"):
        built({"kind": "vgg"})
