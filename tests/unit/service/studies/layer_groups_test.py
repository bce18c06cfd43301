"""Which layers share a density, and what the groups are called."""

from __future__ import annotations

from typing import Any

import pytest

from densearch.plugins import Layer
from service import networks
from service.studies import layer_groups
from service.studies.layer_groups import Group

MIXED = {"kind": "resnet", "n_stages": 2, "depth": 1, "kernel_size": [5, 3]}


def layers(section: dict[str, Any]) -> list[Layer]:
    return networks.layers_of(networks.describe(section["kind"]).section.model_validate(section))


def told(section: dict[str, Any], scope: str, n_dims: int = 2) -> dict[str, tuple[int, int]]:
    """By name, the kernel size and the number of layers of each group."""
    found = layer_groups.grouped(layers(section), scope, n_dims)
    return {group.name: (group.kernel_size, len(group.layers)) for group in found}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        # The first convolution and the first stage's block of two, then the second stage's block.
        ("network", {"5x5": (5, 3), "3x3": (3, 2)}),
        ("stage", {"stage 1": (5, 3), "stage 2": (3, 2)}),
        (
            "layer",
            {
                "features.0.0": (5, 1),
                "features.1.residual.0": (5, 1),
                "features.1.residual.3": (5, 1),
                "features.2.residual.0": (3, 1),
                "features.2.residual.3": (3, 1),
            },
        ),
    ],
)
def test_a_scope_parts_the_layers(scope: str, expected: dict[str, tuple[int, int]]) -> None:
    assert told(MIXED, scope) == expected


@pytest.mark.parametrize(
    ("section", "scope"),
    [
        ({**MIXED, "kernel_size": 3}, "network"),
        ({**MIXED, "n_stages": 1, "kernel_size": [7]}, "stage"),
        ({"kind": "small_cnn", "depth": 1}, "layer"),
    ],
)
def test_one_group_of_all_layers_has_no_name(section: dict[str, Any], scope: str) -> None:
    (group,) = layer_groups.grouped(layers(section), scope, 2)
    assert group.name == layer_groups.WHOLE
    assert list(group.layers) == [layer.name for layer in layers(section)]


def test_a_stage_of_mixed_kernels_has_a_group_for_each_size() -> None:
    own = [Layer("a", 3, 1), Layer("b", 5, 1), Layer("c", 3, 2), Layer("d", 3, 1)]
    found = {group.name: group.layers for group in layer_groups.grouped(own, "stage", 2)}
    assert found == {"stage 1 3x3": ("a", "d"), "stage 1 5x5": ("b",), "stage 2": ("c",)}


@pytest.mark.parametrize(("n_dims", "names"), [(1, ["5", "3"]), (3, ["5x5x5", "3x3x3"])])
def test_sizes_are_told_along_every_axis(n_dims: int, names: list[str]) -> None:
    assert list(told({"kind": "dncnn", "depth": 2, "kernel_size": [5, 3]}, "network", n_dims)) == (
        names
    )


@pytest.mark.parametrize("scope", ["network", "stage", "layer"])
@pytest.mark.parametrize("info", networks.catalogue(), ids=lambda info: info.name)
def test_every_layer_is_in_one_group(info: networks.NetworkInfo, scope: str) -> None:
    own = layers({"kind": info.name})
    found = layer_groups.grouped(own, scope, 2)
    assert sorted(name for group in found for name in group.layers) == sorted(
        layer.name for layer in own
    )
    assert len({group.name for group in found}) == len(found)


def test_the_values_of_a_vector_are_parted_in_the_groups_order() -> None:
    own = [Group("5x5", ("a",), 5, 2), Group("3x3", ("b", "c"), 3, 2)]
    assert own[0].value_names("symmetric") == ["5x5 den[0]", "5x5 den[1]"]
    assert Group("", ("a",), 3, 2).value_names("symmetric") == ["den[0]"]
    assert layer_groups.parted(own, "symmetric", [0.1, 0.2, 0.3]) == [[0.1, 0.2], [0.3]]
    with pytest.raises(ValueError, match="3 values are needed, not 2"):
        layer_groups.parted(own, "symmetric", [0.1, 0.2])
