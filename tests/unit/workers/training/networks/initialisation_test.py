"""The initial weights: their streams and their distributions."""

from __future__ import annotations

import math
from typing import Any, Literal

import pytest
import torch
from torch import nn

from tests.support.networks import DNCNN, EVERY, built, kind_of
from workers.training.generators import generator
from workers.training.networks.initialisation import INITIALISATIONS, initialise


@pytest.mark.parametrize("section", EVERY, ids=kind_of)
def test_initial_weights_follow_the_seed_alone(section: dict[str, Any]) -> None:
    first = built(section).state_dict()
    torch.manual_seed(2)
    second = built(section).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    third = built(section, seed=1).state_dict()
    drawn = [name for name, tensor in first.items() if tensor.dim() == 4 and tensor.any()]
    assert drawn
    assert not any(torch.equal(first[name], third[name]) for name in drawn)


def test_initial_weights_are_distributed_as_torchs_default() -> None:
    wide = built({**DNCNN, "width": 64, "depth": 3})
    weight = wide.state_dict()["2.weight"]
    torch.manual_seed(0)
    default = nn.Conv2d(64, 64, 3).weight.detach()
    assert float(weight.std()) == pytest.approx(float(default.std()), rel=0.02)
    assert float(weight.abs().max()) <= 1 / math.sqrt(64 * 9)
    assert float(weight.abs().max()) == pytest.approx(float(default.abs().max()), rel=0.01)


def fan(layer: nn.Conv2d | nn.Linear, axis: int) -> int:
    """Taps times channels that an output sees (axis 1), or that an input reaches (axis 0)."""
    if isinstance(layer, nn.Linear):
        return layer.weight.shape[axis]
    n_channels = layer.in_channels if axis == 1 else layer.out_channels
    return n_channels // layer.groups * math.prod(layer.kernel_size)


@pytest.mark.parametrize(("name", "axis"), [("kaiming_fan_in", 1), ("kaiming_fan_out", 0)])
def test_kaiming_weights_are_normal_with_variance_two_over_the_fan(name: str, axis: int) -> None:
    network = nn.ModuleList(
        [
            nn.Conv2d(24, 48, 5),
            nn.Conv2d(48, 16, 3),
            nn.Linear(300, 100),
            nn.Conv2d(600, 600, 3, groups=600),
            nn.Conv2d(64, 128, 3, groups=4),
        ]
    )
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


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
@pytest.mark.parametrize("layer", [nn.Conv2d(3, 5, 7), nn.Linear(11, 4)], ids=["conv", "linear"])
def test_kaiming_weights_are_torchs_own_bit_for_bit(
    layer: nn.Conv2d | nn.Linear, mode: Literal["fan_in", "fan_out"]
) -> None:
    initialise(layer, generator(7), f"kaiming_{mode}")
    expected = torch.empty_like(layer.weight)
    nn.init.kaiming_normal_(expected, mode=mode, nonlinearity="relu", generator=generator(7))
    assert torch.equal(layer.weight, expected)


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
