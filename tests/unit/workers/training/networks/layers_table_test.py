"""What the service tells of a network's layers without torch, against the modules themselves."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from densearch.nn.operator import convolutions
from densearch.plugins.shape import InputShape
from service import networks
from service.networks.kernel_sizes import Staged
from workers.training.generators import generator
from workers.training.networks import build_network

SIZES = st.sampled_from([3, 5, 7])


@st.composite
def sections(draw: st.DrawFn) -> dict[str, Any]:
    """Sections of every kind, with one kernel size or a list of them."""
    info = draw(st.sampled_from(networks.catalogue()))
    section: dict[str, Any] = {"kind": info.name, "width": draw(st.integers(1, 3))}
    section["depth"] = draw(st.integers(2, 6))
    n_parts = section["depth"]
    if issubclass(info.section, Staged):
        n_parts = section["n_stages"] = draw(st.integers(1, min(4, section["depth"])))
    several = st.lists(SIZES, min_size=n_parts, max_size=n_parts)
    section["kernel_size"] = draw(st.one_of(SIZES, several))
    return info.section.model_validate(section).model_dump()


def built(section: dict[str, Any], n_dims: int, size_px: int) -> nn.Module:
    return build_network(section, InputShape(1, size_px, n_dims), 2, generator(0))


@given(sections(), st.integers(1, 40), st.data())
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
def test_names_sizes_and_order_are_those_of_the_module(
    section: dict[str, Any], size_px: int, data: st.DataObject
) -> None:
    info = networks.describe(section["kind"])
    n_dims = data.draw(st.sampled_from(info.n_dims))
    told = networks.layers_of(info.section.model_validate(section))
    found = convolutions(built(section, n_dims, size_px))
    assert [(layer.name, (layer.kernel_size,) * n_dims) for layer in told] == [
        (name, convolution.kernel_size) for name, convolution in found.items()
    ]


@pytest.mark.parametrize("info", networks.catalogue(), ids=lambda info: info.name)
def test_a_stage_is_where_the_image_has_one_size(info: networks.NetworkInfo) -> None:
    """Layers of one stage see images of one side, which halves from stage to stage."""
    if not issubclass(info.section, Staged):
        assert {layer.stage for layer in networks.layers_of(default(info))} == {None}
        return
    section = info.section.model_validate(
        {"kind": info.name, "n_stages": 3, "depth": 3, "width": 2, "kernel_size": [3, 5, 7]}
    )
    network = built(section.model_dump(), 2, 16).eval()
    sides: dict[str, int] = {}
    for name, layer in convolutions(network).items():
        layer.register_forward_hook(
            lambda _, __, output, name=name: sides.update({name: output.shape[-1]})
        )
    network(torch.rand(1, 1, 16, 16))
    told = networks.layers_of(section)
    assert {layer.name: layer.stage for layer in told} == {
        name: {16: 1, 8: 2, 4: 3}[side] for name, side in sides.items()
    }
    assert {layer.stage: layer.kernel_size for layer in told} == {1: 3, 2: 5, 3: 7}


def default(info: networks.NetworkInfo) -> networks.AnyNetwork:
    return info.section.model_validate({"kind": info.name})


def test_each_convolution_of_a_chain_has_the_size_of_its_place() -> None:
    section = {"kind": "dncnn", "depth": 4, "width": 2, "kernel_size": [7, 3, 3, 5]}
    for n_dims in (1, 2, 3):
        found = convolutions(built(section, n_dims, 8)).values()
        assert [layer.kernel_size for layer in found] == [(k,) * n_dims for k in (7, 3, 3, 5)]


@given(sections())
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_mixed_kernels_keep_the_size_and_train(section: dict[str, Any]) -> None:
    info = networks.describe(section["kind"])
    network = built(section, 2, 32).train()
    outputs = network(torch.rand(2, 1, 32, 32))
    if "denoising" in info.tasks:
        assert outputs.shape == (2, 2, 32, 32)
    outputs.square().mean().backward()
    assert all(layer.weight.grad is not None for layer in convolutions(network).values())
