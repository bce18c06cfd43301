"""What a network is judged by owes nothing to what its running statistics were at the start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from scipy.stats import spearmanr
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from workers.training.loop import train
from workers.training.packs import train_pack
from workers.training.running_statistics import RunningStatistics
from workers.training.task import Candidate, EpochMeasurement, TrainingTask

FACES = {"kind": "classification", "dataset": "faces"}
PHOTOS = {
    "kind": "denoising", "dataset": "photos", "noise_sigma": 25, "patch_px": 16, "n_patches": 128,
}  # fmt: skip
SGD = {
    "optimizer": "sgd", "lr": 0.02, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0,
    "batch_size": 64, "epochs": 4,
}  # fmt: skip
# Any scale of their convolutions leaves what follows each normalisation as it is.
SCALE_INVARIANT: dict[str, dict[str, Any]] = {
    "vgg": {"kind": "vgg", "depth": 2, "n_stages": 2, "width": 16, "kernel_size": 3},
    "unet": {"kind": "unet", "depth": 1, "n_stages": 2, "width": 8, "kernel_size": 3},
    "resnet": {"kind": "resnet", "depth": 1, "n_stages": 2, "width": 8, "kernel_size": 3},
}
SCALES = (0.25, 0.5, 1.0, 4.0)


def flat(network: dict[str, Any], scale: float) -> TrainingTask:
    phi = ((scale,) * 3,) * 3
    task = PHOTOS if network["kind"] == "unet" else FACES
    return TrainingTask(task=task, network=network, training=SGD, phi=phi, seed=0)


def losses(items: Any) -> list[float]:  # noqa: ANN401 - of either way to train
    return [item.metrics["val_loss"] for item in items if isinstance(item, EpochMeasurement)]


@pytest.mark.parametrize("network", SCALE_INVARIANT.values(), ids=SCALE_INVARIANT)
def test_a_flat_factor_does_not_matter_where_the_network_is_scale_invariant(
    network: dict[str, Any],
) -> None:
    found = [losses(train(flat(network, scale))) for scale in SCALES]
    for own in found[1:]:
        assert own == pytest.approx(found[0], abs=3e-3)  # the layers add 1e-5 to variances
    assert found[0][-1] < found[0][0]  # it has learned something


def test_a_flat_factor_does_not_matter_in_a_pack() -> None:
    candidates = [Candidate(flat(SCALE_INVARIANT["vgg"], scale)) for scale in SCALES]
    found: dict[int, list[float]] = {}
    for index, item in train_pack(candidates):
        assert not isinstance(item, Exception)
        found.setdefault(index, []).extend(losses([item]))
    for own in found.values():
        assert own == pytest.approx(found[0], abs=3e-3)  # the layers add 1e-5 to variances


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_short_training_ranks_densities_as_a_whole_one_does() -> None:
    """The demo's network and schedule; a short training ends half way through it."""
    demo = json.loads(Path("examples/photos.json").read_text())
    curves = []
    for a in (0.5, 0.65, 0.8, 1.0, 1.1, 1.2):
        phi = tuple(tuple(x * y for y in (a, 1.0, a)) for x in (a, 1.0, a))
        task = TrainingTask(
            task={"n_patches": 1024} | demo["task"],
            network=demo["network"],
            training=SGD | demo["training"],
            phi=phi,
            seed=0,
        )
        curves.append(losses(train(task)))
    short, whole = [curve[1] for curve in curves], [curve[-1] for curve in curves]
    print("\n".join(f"{x:.3e} {y:.3e}" for x, y in zip(short, whole, strict=True)))  # noqa: T201
    assert spearmanr(short, whole).statistic > 0.7


class Derived(nn.BatchNorm1d):
    """As timm's layers are: torch's state, a forward pass of its own."""

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        return torch.relu(super().forward(samples))


class Keeping(nn.Module):
    """A layer of another make, whose momentum is what it keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.momentum = 0.99
        self.register_buffer("running_mean", torch.zeros(3))


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, Derived, nn.SyncBatchNorm])
@pytest.mark.parametrize("momentum", [0.1, 0.01])
def test_statistics_are_the_weighted_mean_of_the_batches(
    kind: type[_BatchNorm], momentum: float
) -> None:
    layer = kind(3, momentum=momentum).train()
    batches = torch.randn(40, 16, 3, generator=torch.Generator().manual_seed(0)) * 7 + 5
    statistics = RunningStatistics(nn.Sequential(layer))
    for number, batch in enumerate(batches, start=1):
        with statistics.at_step(number):
            nn.BatchNorm1d.forward(layer, batch)  # SyncBatchNorm's own wants several processes
    weights = momentum * (1 - momentum) ** torch.arange(39, -1, -1, dtype=torch.float64)
    means, variances = batches.double().mean(1), batches.double().var(1)
    for found, of_batches in ((layer.running_mean, means), (layer.running_var, variances)):
        assert found is not None
        wanted = (weights[:, None] * of_batches).sum(0) / weights.sum()
        torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-6)
    assert layer.momentum == momentum


def test_what_is_frozen_has_no_start_or_is_of_another_make_is_left_alone() -> None:
    frozen, averaging = nn.BatchNorm1d(3).eval(), nn.BatchNorm1d(3, momentum=None)
    untracked, other = nn.BatchNorm1d(3, track_running_stats=False), Keeping()
    network = nn.Sequential(averaging, untracked, frozen)
    statistics = RunningStatistics(nn.ModuleList([network, other]))
    batches = torch.randn(5, 8, 3, generator=torch.Generator().manual_seed(0))
    for number, batch in enumerate(batches, start=1):
        with statistics.at_step(number):
            network(batch)
            assert other.momentum == 0.99
    assert averaging.running_mean is not None
    torch.testing.assert_close(averaging.running_mean, batches.mean((0, 1)))
    assert frozen.running_mean is not None
    assert not frozen.running_mean.any()
