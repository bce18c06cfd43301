"""Exported networks are built again from their files alone, exactly or without their norms."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from tests.support.trainings import DIGITS, SMALL_CNN, run, task
from workers.exported import load_network
from workers.training.export import BUILT_FROM

FITTING: dict[str, Any] = {
    "network": SMALL_CNN,
    "shape": {"n_channels": 1, "size_px": 8, "n_dims": 2},
    "n_outputs": 10,
}


def exported(folder: Path, *args: Any, **changes: Any) -> tuple[Path, dict[str, torch.Tensor]]:
    outcome = run(task(*args, keep_weights=True, **changes))[1]
    assert outcome.weights is not None
    path = folder / "network.safetensors"
    path.write_bytes(outcome.weights)
    return path, load(outcome.weights)


def check(path: Path, state: dict[str, torch.Tensor], n_norms: int) -> None:
    """Hold a file's network to the state, and the one without norms to it."""
    exact, folded = load_network(path, folds_norms=False), load_network(path)
    found = exact.state_dict()
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
    counts = [
        sum(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())
        for network in (exact, folded)
    ]
    assert counts == [n_norms, 0]
    images = torch.randn(2, 1, 12, 12)
    with torch.no_grad():
        torch.testing.assert_close(folded(images), exact(images), rtol=1e-5, atol=3e-6)


def test_a_network_is_built_from_its_file_with_its_norms_folded(tmp_path: Path) -> None:
    network = {"kind": "vgg", "depth": 2, "n_stages": 2, "width": 2, "kernel_size": 3}
    quick = {"epochs": 1, "batch_size": 512}
    path, state = exported(tmp_path, DIGITS, network=network, training=quick)
    check(path, state, 2)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (None, "does not say how its network is built, as those of earlier versions"),
        ({"network": {"kind": "small_cnn", "width": 10**9}}, "less than or equal to 512"),
        ({"n_outputs": 0}, "greater than or equal to 1"),
        ({"code": "import os"}, "Extra inputs are not permitted"),
        ({"n_outputs": 9}, "holds weights of another network than it says"),
    ],
)
def test_a_file_that_says_something_else_is_refused(
    changes: dict[str, Any] | None, fault: str, tmp_path: Path
) -> None:
    metadata = None if changes is None else {BUILT_FROM: json.dumps(FITTING | changes)}
    path = tmp_path / "network.safetensors"
    path.write_bytes(save({"weight": torch.zeros(1)}, metadata))
    with pytest.raises(ValueError, match=fault):
        load_network(path)


def test_no_network_is_built_that_fills_the_memory_for_a_small_file(tmp_path: Path) -> None:
    """It says that half a gigabyte of weights were in it."""
    large = {"network": SMALL_CNN | {"width": 512}, "n_outputs": 2**18}
    path = tmp_path / "network.safetensors"
    path.write_bytes(save({"weight": torch.zeros(1)}, {BUILT_FROM: json.dumps(FITTING | large)}))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match="holds weights of another network than it says"):
        load_network(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 2**10


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    path.write_bytes(save({"weight": torch.zeros(9)})[:-5])
    with pytest.raises(ValueError, match="is no safetensors file, or is cut off"):
        load_network(path)
    with pytest.raises(FileNotFoundError):
        load_network(tmp_path / "absent.safetensors")
