"""Small real trainings, kept to a second each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from service import networks
from service.studies.layer_groups import grouped
from service.studies.training_payload import TrainingSettings
from workers.training.loop import train
from workers.training.task import EpochMeasurement, Outcome, TrainingTask

DENOISING = {
    "kind": "denoising", "dataset": "photos", "noise_sigma": 25.0, "patch_px": 24,
    "n_patches": 512,
}  # fmt: skip
DIGITS = {"kind": "classification", "dataset": "digits"}
TEXTURES = {"kind": "classification", "dataset": "textures"}
DNCNN = {"kind": "dncnn", "depth": 3, "width": 8, "kernel_size": 3}
SMALL_CNN = {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3}
SGD = {
    "optimizer": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0,
    "batch_size": 32, "epochs": 2,
}  # fmt: skip
# What a density starts from when it is learned, and how far it may go.
START, BOUNDS = 0.8, [0.1, 2.0]
PHI = ((0.25, 0.5, 0.25), (0.5, 1.0, 0.5), (0.25, 0.5, 0.25))


def task(section: dict[str, Any] = DENOISING, **changes: Any) -> TrainingTask:
    network = DNCNN if section["kind"] == "denoising" else SMALL_CNN
    training = {**SGD, **changes.pop("training", {})}
    defaults: dict[str, Any] = {"network": network, "phi": PHI, "seed": 0}
    return TrainingTask(task=section, training=training, **{**defaults, **changes})


def settings(section: Mapping[str, Any]) -> TrainingSettings:
    """Return the settings of a training section, with those of `SGD` where it has none."""
    return TrainingSettings.of({**SGD, **section})


def learning(
    network: dict[str, Any], family: str = "symmetric", scope: str = "network", **changes: Any
) -> dict[str, Any]:
    """Return a section for densities that are learned by a network's groups of layers."""
    info = networks.describe(network["kind"])
    layers = networks.layers_of(info.section.model_validate(network))
    groups = []
    for group in grouped(layers, scope, changes.pop("n_dims", 2)):
        n_free = group.n_free(family)
        told: dict[str, Any] = {"name": group.name, "layers": list(group.layers)}
        told["kernel_size"] = group.kernel_size
        ends = {"start": [START] * n_free, "bounds": [BOUNDS] * n_free}
        groups.append(told | ends | changes)
    return {"family": family, "groups": groups, "lr_factor": 1.0}


def run(
    of: TrainingTask,
    should_stop: Callable[[], bool] = lambda: False,
    stop_above: Sequence[float] = (),
) -> tuple[list[EpochMeasurement], Outcome]:
    *measurements, outcome = train(of, should_stop, stop_above)
    assert isinstance(outcome, Outcome)
    return [m for m in measurements if isinstance(m, EpochMeasurement)], outcome
