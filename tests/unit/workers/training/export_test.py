"""Files of trained networks: plain names, the very values, and how the network is built again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load

from densearch.nn.operator import apply_density, fold
from densearch.plugins.shape import InputShape
from workers.training.export import BUILT_FROM, folded_weights
from workers.training.generators import generator
from workers.training.networks import build_network

SECTION: dict[str, Any] = {"kind": "vgg", "depth": 1, "n_stages": 1, "width": 4, "kernel_size": 3}
SHAPE = InputShape(2, 8)


def exported() -> tuple[torch.nn.Module, bytes]:
    network = build_network(SECTION, SHAPE, 3, generator(0), "framework")
    apply_density(network, ((0.5, 1.0, 0.25),) * 3)
    return fold(network.eval()), folded_weights(network, SECTION, SHAPE, 3)


def test_the_values_are_those_that_were_judged_under_plain_names() -> None:
    network, content = exported()
    found, expected = load(content), network.state_dict()
    assert found.keys() == expected.keys()
    assert not any("parametrizations" in name for name in found)
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_the_header_says_how_it_is_built(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    path.write_bytes(exported()[1])
    with safe_open(path, framework="pt") as file:
        built_from = json.loads(file.metadata()[BUILT_FROM])
    assert built_from == {"network": SECTION, "shape": vars(SHAPE), "n_outputs": 3}
    again = build_network(
        built_from["network"], InputShape(**built_from["shape"]), 3, generator(1)
    )
    again.load_state_dict(load(path.read_bytes()))


def test_equal_networks_are_equal_files() -> None:
    assert exported()[1] == exported()[1]
