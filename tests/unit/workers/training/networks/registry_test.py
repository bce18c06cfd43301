"""What every network must do, whatever its kind."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from densearch.nn.operator import apply_density, fold, is_weighted
from service import networks
from tests.support.networks import (
    CLASSIFIERS,
    DENOISERS,
    EVERY,
    NAFNET,
    RESNET,
    UNET,
    VGG,
    built,
    convolutions,
    kind_of,
    n_parameters,
)
from tests.support.root import ROOT
from workers.training.networks import NETWORKS

STAGED = [VGG, RESNET, UNET, NAFNET]


def density(size: int) -> Tensor:
    return torch.rand((size, size), generator=torch.Generator().manual_seed(0)) + 0.5


def moved(network: nn.Module) -> nn.Module:
    """Take a step, so that nothing stands at a special initial value."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    descend(network)
    optimizer.step()
    optimizer.zero_grad()
    return network


def descend(network: nn.Module) -> None:
    draws = torch.Generator().manual_seed(1)
    outputs = network(torch.randn(8, 1, 8, 8, generator=draws))
    (outputs - torch.randn(outputs.shape, generator=draws)).square().mean().backward()


def test_the_networks_are_those_that_a_spec_may_name() -> None:
    named = {info.name for info in networks.catalogue()}
    assert NETWORKS.keys() == named == {section["kind"] for section in EVERY}
    assert {s["kind"] for s in CLASSIFIERS} == {i.name for i in networks.fitting("classification")}
    assert {s["kind"] for s in DENOISERS} == {i.name for i in networks.fitting("denoising")}


@pytest.mark.parametrize("info", networks.catalogue(), ids=lambda info: info.name)
def test_a_section_of_defaults_builds(info: networks.NetworkInfo) -> None:
    section = info.section.model_validate({"kind": info.name}).model_dump()
    outputs = built(section, n_outputs=3)(torch.rand(2, 1, 8, 8))
    assert outputs.shape[:2] == (2, 3)


@pytest.mark.parametrize("info", networks.catalogue(), ids=lambda info: info.name)
def test_the_page_tells_how_many_parameters_it_has(info: networks.NetworkInfo) -> None:
    section = info.section.model_validate({"kind": info.name}).model_dump()
    is_classifier = "classification" in info.tasks
    network = built(section, n_outputs=10 if is_classifier else 1)
    page = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{info.name}` \|.*\| {n_parameters(network):,} \|", page, re.MULTILINE)


@pytest.mark.parametrize("size", [3, 5, 7])
@pytest.mark.parametrize("section", EVERY, ids=kind_of)
def test_every_convolution_above_1x1_carries_the_density(
    section: dict[str, Any], size: int
) -> None:
    network = built({**section, "kernel_size": size})
    wide = [layer for layer in convolutions(network) if layer.kernel_size != (1, 1)]
    assert {layer.kernel_size for layer in wide} == {(size, size)}
    before = [layer.weight.detach().clone() for layer in wide]
    phi = density(size)
    named = apply_density(network, phi)
    assert len(named) == len(wide)
    for layer, weight in zip(wide, before, strict=True):
        assert is_weighted(layer)
        torch.testing.assert_close(layer.weight, weight * phi)
    others = [layer for layer in convolutions(network) if layer.kernel_size == (1, 1)]
    assert not any(is_weighted(layer) for layer in others)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last], ids=str)
@pytest.mark.parametrize("section", EVERY, ids=kind_of)
def test_folding_changes_no_bit_of_the_output(
    section: dict[str, Any], memory_format: torch.memory_format
) -> None:
    network = built(section)
    names = set(network.state_dict())
    apply_density(network, density(3))
    network.to(memory_format=memory_format)  # type: ignore[call-overload]
    moved(network).eval()
    images = torch.rand(3, 1, 12, 9)
    with torch.no_grad():
        before = network(images)
        assert torch.equal(fold(network)(images), before)
    assert set(network.state_dict()) == names


@pytest.mark.parametrize("section", EVERY, ids=kind_of)
def test_gradients_reach_every_parameter(section: dict[str, Any]) -> None:
    network = built(section, n_outputs=1)
    apply_density(network, density(3))
    descend(moved(network))
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name
        assert bool(parameter.grad.any()), name


@pytest.mark.parametrize("section", DENOISERS, ids=kind_of)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (5, 3), (8, 12), (17, 23)])
def test_denoisers_keep_the_size_of_any_image(
    section: dict[str, Any], height: int, width: int
) -> None:
    network = moved(built(section)).eval()
    images = torch.rand(2, 1, height, width)
    outputs = network(images)
    assert outputs.shape == images.shape
    assert bool(torch.isfinite(outputs).all())


@pytest.mark.parametrize("section", [UNET, NAFNET], ids=kind_of)
def test_an_image_that_scales_do_not_divide_is_continued_by_zeros(section: dict[str, Any]) -> None:
    network = moved(built(section)).eval()
    images = torch.rand(2, 1, 13, 10)
    continued = torch.zeros(2, 1, 16, 12)
    continued[..., :13, :10] = images
    with torch.no_grad():
        torch.testing.assert_close(network(images), network(continued)[..., :13, :10])


@pytest.mark.parametrize("section", [UNET, NAFNET], ids=kind_of)
def test_the_finest_scale_reaches_the_output_by_itself(section: dict[str, Any]) -> None:
    """With nothing coming up from below: a pixel is seen, as far as that scale convolves."""
    network = built(section).eval()
    images = torch.zeros(2, 1, 32, 32)
    images[1, 0, 16, 16] = 1.0
    with torch.no_grad():
        for parameter in network.get_submodule("ups").parameters():
            parameter.zero_()
        plain, changed = network(images)[:, 0]
    rows = torch.nonzero((plain != changed).any(dim=1)).flatten()
    assert 16 - 4 <= int(rows.min()) <= 16 - 1
    assert 16 + 1 <= int(rows.max()) <= 16 + 4


@pytest.mark.parametrize("section", [UNET, NAFNET], ids=kind_of)
def test_the_output_moves_with_the_image(section: dict[str, Any]) -> None:
    """By whole cells of the coarsest scale, away from the edges: scales are joined in register."""
    network = moved(built({**section, "n_stages": 2, "kernel_size": 3})).eval()
    images = torch.zeros(1, 1, 64, 64)
    images[0, 0, 28:31, 30:33] = torch.tensor([[1.0, -2.0, 0.5], [2.0, 1.0, -1.0], [0.0, 3.0, 1]])
    with torch.no_grad():
        outputs, shifted = network(images), network(images.roll((2, 2), dims=(2, 3)))
    inner = slice(16, 48)
    torch.testing.assert_close(
        outputs.roll((2, 2), dims=(2, 3))[..., inner, inner], shifted[..., inner, inner]
    )


@pytest.mark.parametrize("n_stages", [1, 2, 3, 4])
@pytest.mark.parametrize("section", STAGED, ids=kind_of)
def test_the_smallest_image_allowed_trains_alone(section: dict[str, Any], n_stages: int) -> None:
    """A batch of one whose last stage sees 2x2 pixels: batch normalisation needs as much."""
    of_stages = {**section, "n_stages": n_stages, "depth": 4}
    info = next(i for i in networks.catalogue() if i.name == section["kind"])
    halvings = networks.n_halvings(info.section.model_validate(of_stages))
    side = 2 << halvings
    network = built(of_stages, side, n_outputs=2).train()
    outputs = network(torch.rand(1, 1, side, side))
    outputs.square().mean().backward()
    assert bool(torch.isfinite(outputs).all())


@pytest.mark.parametrize("section", [RESNET, UNET], ids=kind_of)
def test_a_smaller_image_cannot_be_trained(section: dict[str, Any]) -> None:
    network = built({**section, "n_stages": 4}).train()
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        network(torch.rand(1, 1, 8, 8))


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(ValueError, match="no package here registers 'alexnet' in densearch"):
        built({"kind": "alexnet"})
