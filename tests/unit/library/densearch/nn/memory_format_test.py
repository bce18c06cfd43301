"""Layouts by number of axes."""

from __future__ import annotations

import pytest
import torch

from densearch.nn.memory_format import lay_out, memory_format_of, place_network
from densearch.plugins.shape import InputShape
from workers.training.generators import generator
from workers.training.networks import build_network


@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_a_network_takes_samples_of_its_number_of_axes(n_dims: int) -> None:
    section = {"kind": "small_cnn", "depth": 2, "width": 4, "kernel_size": 3}
    network = build_network(section, InputShape(2, 8, n_dims), 3, generator(0))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    place_network(network, torch.device("cpu"), n_dims)
    samples = torch.rand((5, 2, *[8] * n_dims), generator=generator(1))
    laid = lay_out(samples)
    assert torch.equal(laid, samples)
    assert network(laid).shape == (5, 3)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name])


@pytest.mark.parametrize(("n_dims", "is_innermost"), [(1, False), (2, True), (3, False)])
def test_images_alone_have_their_channels_innermost(n_dims: int, is_innermost: bool) -> None:
    laid = lay_out(torch.rand((5, 2, *[8] * n_dims)))
    assert (laid.stride(1) == 1) is is_innermost


@pytest.mark.parametrize(
    ("device", "precision", "is_grouped", "is_innermost"),
    [
        ("cpu", "float32", False, True),
        ("cpu", "float32", True, True),
        ("cpu", "tf32", False, True),
        ("cpu", "bfloat16", False, True),
        ("cuda", "float32", False, False),
        ("cuda", "tf32", False, True),
        ("cuda", "bfloat16", False, True),
        ("cuda", "auto", False, True),
        ("cuda", "bfloat16", True, False),
    ],
)
def test_a_layout_goes_by_device_and_precision(
    device: str, precision: str, is_grouped: bool, is_innermost: bool
) -> None:
    found = memory_format_of(device, precision, 2, is_grouped=is_grouped)
    assert (found is torch.channels_last) is is_innermost
    for n_dims in (1, 3):
        other = memory_format_of(device, precision, n_dims, is_grouped=is_grouped)
        assert other is torch.contiguous_format
