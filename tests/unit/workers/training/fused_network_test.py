"""The network of all channels: it computes what its networks do, with copies of their values."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from densearch.nn.memory_format import lay_out
from densearch.plugins.shape import InputShape
from workers.training.forward import Precision
from workers.training.fused_network import Heads, fused_network, slots
from workers.training.generators import generator
from workers.training.networks import build_network

SIZES = {"width": 4, "kernel_size": 3}
CASES: dict[str, tuple[dict[str, Any], InputShape]] = {
    "images": ({"kind": "small_cnn", "depth": 2, **SIZES}, InputShape(1, 8, 2)),
    "norms": ({"kind": "vgg", "depth": 2, "n_stages": 2, **SIZES}, InputShape(2, 8, 2)),
    "signals": ({"kind": "small_cnn", "depth": 1, **SIZES}, InputShape(3, 9, 1)),
}


@pytest.mark.parametrize(("section", "shape"), CASES.values(), ids=CASES)
def test_each_answers_as_it_does_alone(section: dict[str, Any], shape: InputShape) -> None:
    networks = [build_network(section, shape, 3, generator(n), "framework") for n in range(4)]
    n = len(networks)
    fused = fused_network(networks, "float32").eval()
    samples = torch.randn(5, shape.n_channels, *[shape.size_px] * shape.n_dims)
    together = samples.repeat(1, n, *[1] * shape.n_dims)
    with torch.no_grad():
        found = fused(lay_out(together, "float32", is_grouped=True))
        assert found.shape == (n, 5, 3)
        for own, network in zip(found, networks, strict=True):
            torch.testing.assert_close(own, network.eval()(samples), rtol=1e-4, atol=1e-5)
    before = [value.clone() for value in networks[0].parameters()]
    for value in fused.parameters():
        value.data.zero_()
    assert all(torch.equal(a, b) for a, b in zip(before, networks[0].parameters(), strict=True))


@pytest.mark.parametrize(("n_samples", "n_out"), [(1, 1), (7, 10), (16, 16)])
def test_heads_are_the_linear_layers_whatever_is_filled_up(n_samples: int, n_out: int) -> None:
    layers = [nn.Linear(5, n_out) for _ in range(3)]
    features = torch.randn(n_samples, 3 * 5)
    found = Heads(layers, 16)(features)
    assert found.shape == (3, n_samples, n_out)
    for own, layer, part in zip(found, layers, torch.split(features, 5, dim=1), strict=True):
        torch.testing.assert_close(own, layer(part))


@pytest.mark.parametrize(
    ("width", "precision", "n"),
    [
        (16, "float32", 2),
        (4, "float32", 4),
        (3, "float32", 16),
        (16, "bfloat16", 2),
        (4, "bfloat16", 8),
    ],
)
def test_channels_of_so_many_networks_fill_registers(
    width: int, precision: Precision, n: int
) -> None:
    assert slots(nn.Sequential(nn.Conv2d(1, width, 3)), precision) == n
