"""Packages' networks with running statistics of other kinds, without any, or frozen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load
from torch import Tensor, nn

from tests.support.interrupted import (
    Stores,
    counted,
    facts,
    undisturbed,
    until_killed,
)
from tests.support.plugging import forget, install, used
from tests.support.trainings import DIGITS, task
from workers.exported import load_network
from workers.training import checkpoint_store
from workers.training.loop import train
from workers.training.task import Outcome, Status, TrainingTask

NETWORK = """
    from densearch.plugins import Layer, OwnNetwork

    class Settings(OwnNetwork):
        norm: str = "usual"

    class Network:
        title, tasks, n_dims, section = "Normed", ("classification",), (2,), Settings

        def layers(self, section):
            return [Layer("0", 3)]

        def build(self, settings, shape, n_outputs):
            import torch
            from torch import nn

            class Own(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.momentum = 0.9  # what it keeps
                    self.register_buffer("running_mean", torch.zeros(4, 1, 1))

                def forward(self, images):
                    if self.training:
                        mean = images.detach().mean((0, 2, 3)).view(4, 1, 1)
                        self.running_mean.lerp_(mean, 1 - self.momentum)
                    return images - self.running_mean

            class Frozen(nn.BatchNorm2d):
                def train(self, mode=True):
                    return super().train(False)

            norm = {
                "usual": lambda: nn.BatchNorm2d(4),
                "averaging": lambda: nn.BatchNorm2d(4, momentum=None),
                "untracked": lambda: nn.BatchNorm2d(4, track_running_stats=False),
                "own": Own,
                "frozen": lambda: Frozen(4).requires_grad_(False),
            }[settings["norm"]]()
            return nn.Sequential(
                nn.Conv2d(shape.n_channels, 4, 3), norm, nn.ReLU(),
                nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, n_outputs),
            )

    network = Network()
"""


@pytest.fixture(autouse=True)
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(tmp_path, "plugged-normed", NETWORK, {"densearch.networks": {"normed": "network"}})
    with used(tmp_path, monkeypatch):
        monkeypatch.setattr(checkpoint_store, "REST", 0.0)  # a checkpoint after each step
        yield


def task_of(norm: str) -> TrainingTask:
    return task(
        DIGITS,
        network={"kind": "normed", "norm": norm},
        training={"epochs": 2, "batch_size": 359, "lr": 0.2},  # four batches, the last of one
        keep_weights=True,
    )


def state_of(norm: str, folder: Path) -> tuple[dict[str, Tensor], Path]:
    *_, outcome = train(task_of(norm))
    assert isinstance(outcome, Outcome)
    assert outcome.status is Status.COMPLETED
    assert outcome.weights is not None
    path = folder / "network.safetensors"
    path.write_bytes(outcome.weights)
    return load(outcome.weights), path


@pytest.mark.parametrize("norm", ["averaging", "untracked", "own", "frozen"])
def test_a_training_is_resumed_bit_for_bit_whatever_statistics_it_keeps(
    norm: str, tmp_path: Path
) -> None:
    stores = Stores(tmp_path)
    of, store = task_of(norm), stores()
    until_killed(of, 6, store)
    steps, look = counted()
    assert facts(list(train(of, look, store=store))) == undisturbed(of)
    assert len(steps) == 2
    assert not stores.said


@pytest.mark.parametrize(
    ("norm", "is_folded"),
    [
        ("usual", True),
        ("averaging", True),
        ("untracked", False),
        ("own", False),
        ("frozen", False),
    ],
)
def test_an_exported_network_is_built_again_and_torch_s_own_norms_are_folded(
    norm: str, is_folded: bool, tmp_path: Path
) -> None:
    state, path = state_of(norm, tmp_path)
    exact, folded = load_network(path, folds_norms=False), load_network(path)
    found = exact.state_dict()
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
    assert isinstance(folded.get_submodule("1"), nn.Identity) is is_folded
    images = torch.randn(3, 1, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(folded(images), exact(images), rtol=1e-5, atol=1e-5)


def test_a_frozen_norm_keeps_what_it_has(tmp_path: Path) -> None:
    state, _ = state_of("frozen", tmp_path)
    assert not state["1.running_mean"].any()
    assert bool((state["1.running_var"] == 1).all())
    assert bool((state["1.weight"] == 1).all())


def test_a_network_whose_package_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = state_of("usual", tmp_path)
    monkeypatch.undo()
    forget()
    with pytest.raises(ValueError, match="normed"):
        load_network(path)
