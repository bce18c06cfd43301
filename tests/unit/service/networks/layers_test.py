"""The layers that carry a density follow from a section alone, part by part."""

from __future__ import annotations

from typing import Any

import pytest

from densearch.plugins.layer import Layer
from service import networks
from service.networks.sections import Vgg

STAGED = [info for info in networks.catalogue() if "n_stages" in info.section.model_fields]
CHAINS = [info for info in networks.catalogue() if info not in STAGED]


def layers(info: networks.NetworkInfo, **settings: Any) -> list[Layer]:
    return list(info.layers(info.section.model_validate({"kind": info.name, **settings})))


@pytest.mark.parametrize("info", networks.catalogue(), ids=lambda info: info.name)
@pytest.mark.parametrize("depth", [2, 5])
def test_every_layer_has_a_name_of_its_own(info: networks.NetworkInfo, depth: int) -> None:
    found = layers(info, depth=depth)
    assert len({layer.name for layer in found}) == len(found) >= depth
    assert len({layer.stage is None for layer in found}) == 1


@pytest.mark.parametrize("info", CHAINS, ids=lambda info: info.name)
def test_a_chain_has_a_layer_for_each_size_and_no_stages(info: networks.NetworkInfo) -> None:
    found = layers(info, depth=4, kernel_size=[3, 5, 7, 9])
    assert [layer.kernel_size for layer in found] == [3, 5, 7, 9]
    assert all(layer.stage is None for layer in found)


@pytest.mark.parametrize("info", STAGED, ids=lambda info: info.name)
def test_every_layer_of_a_stage_has_the_size_of_its_stage(info: networks.NetworkInfo) -> None:
    found = layers(info, depth=4, n_stages=3, kernel_size=[3, 5, 7])
    assert {(layer.stage, layer.kernel_size) for layer in found} == {(1, 3), (2, 5), (3, 7)}


@pytest.mark.parametrize("info", STAGED, ids=lambda info: info.name)
def test_more_depth_means_more_layers_in_every_stage(info: networks.NetworkInfo) -> None:
    shallow, deep = (layers(info, depth=depth, n_stages=3) for depth in (3, 6))
    for stage in (1, 2, 3):
        n_shallow, n_deep = (sum(layer.stage == stage for layer in of) for of in (shallow, deep))
        assert 0 < n_shallow < n_deep


def test_the_last_stages_of_a_vgg_get_the_convolutions_that_are_left_over() -> None:
    info = next(info for info in STAGED if info.section is Vgg)
    stages = [layer.stage for layer in layers(info, depth=8, n_stages=5)]  # VGG-11
    assert stages == [1, 2, 3, 3, 4, 4, 5, 5]
