"""Orders of the service, with densities by group, are trained as they say by the workers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from safetensors.torch import load

from service.networks import layers_of
from service.orchestration.messages import Assignment, Ended, Ending
from service.studies import payloads
from service.studies.resolved import TrainingJob
from tests.support import resolved_jobs
from workers.worker import Worker

DIGITS = {"kind": "classification", "dataset": "digits"}
PHOTOS = {"kind": "denoising", "patch_px": 16, "n_patches": 32}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "small_cnn": (DIGITS, {"depth": 3, "kernel_size": [5, 3, 3]}),
    "vgg": (DIGITS, {"depth": 3, "n_stages": 2, "kernel_size": [3, 5]}),
    "resnet": (DIGITS, {"depth": 1, "n_stages": 2, "kernel_size": [5, 3]}),
    "dncnn": (PHOTOS, {"depth": 3, "kernel_size": [3, 7, 3]}),
    "unet": (PHOTOS, {"depth": 1, "n_stages": 2, "kernel_size": [3, 5]}),
    "nafnet": (PHOTOS, {"depth": 1, "n_stages": 2, "kernel_size": [3, 5]}),
}
# Nothing moves at this rate: the weights that come back are the initial ones times Phi.
STILL = {"lr": 1e-12, "epochs": 1}


def job_of(kind: str, scope: str, family: str = "symmetric", **changes: Any) -> TrainingJob:
    task, settings = CASES[kind]
    body: dict[str, Any] = {
        "name": kind, "task": task, "network": {"kind": kind, "width": 4, **settings},
        "training": STILL, "density": {"scope": scope, "family": family},
        "samplers": ["random", "gradient"], "controls": ["uniform"], "budget": {"n_trials": 1},
    }  # fmt: skip
    return resolved_jobs.training(body | changes)


def trained(payload: dict[str, Any]) -> tuple[Ended, dict[str, Any]]:
    assignment = Assignment(1, 1, 1, "digest", payload, "cpu", keeps_weights=True)
    *_, (ended, weights) = Worker().run([assignment])  # type: ignore[misc]
    assert ended.ending is Ending.COMPLETED, ended.error
    return ended, load(weights or b"")


def ratios(weighted: dict[str, Any], plain: dict[str, Any], layer: str) -> Any:  # noqa: ANN401 - an array
    """Return what each kernel of a layer was multiplied by, as the mean over its channels."""
    kernels = (weighted[f"{layer}.weight"] / plain[f"{layer}.weight"]).double().numpy()
    mean = kernels.mean(axis=(0, 1))
    np.testing.assert_allclose(kernels, np.broadcast_to(mean, kernels.shape), rtol=1e-4)
    return mean


def check(job: TrainingJob) -> None:
    """Train a point whose values all differ, and hold each layer to its group's density."""
    space = job.spaces.searches
    point = [(1 + index) / (2.3 + len(space.vector)) for index in range(len(space.vector))]
    order = payloads.searched(job, "random", point)
    plain = trained(payloads.searched(job, "uniform", []).payload)
    ended, weights = trained(order.payload)
    assert ended.value != plain[0].value
    phi = order.payload["phi"]
    for layer in layers_of(job.network):
        expected = np.asarray(phi[layer.name] if isinstance(phi, dict) else phi)
        np.testing.assert_allclose(ratios(weights, plain[1], layer.name), expected, rtol=1e-4)


@pytest.mark.parametrize("kind", CASES)
def test_layers_of_every_network_train_with_their_own_density(kind: str) -> None:
    check(job_of(kind, "layer"))


@pytest.mark.parametrize("kind", ["vgg", "resnet", "unet", "nafnet"])
def test_stages_train_with_their_own_density(kind: str) -> None:
    check(job_of(kind, "stage", "separable"))


@pytest.mark.parametrize(
    ("kind", "task", "n_dims"),
    [
        ("small_cnn", {"kind": "classification", "dataset": "waveforms"}, 1),
        ("dncnn", {**PHOTOS, "dataset": "phantoms", "n_patches": 4}, 3),
    ],
)
@pytest.mark.parametrize("scope", ["network", "layer"])
def test_signals_and_volumes_are_weighed_along_all_their_axes(
    kind: str, task: dict[str, Any], n_dims: int, scope: str
) -> None:
    network = {"kind": kind, "width": 2, "depth": 2, "kernel_size": [5, 3]}
    job = job_of(kind, scope, "separable-symmetric", task=task, network=network)
    assert {group.n_dims for group in job.groups} == {n_dims}
    check(job)


@pytest.mark.parametrize("kind", ["small_cnn", "unet"])
def test_every_group_learns_its_values_and_they_are_trained_as_fixed(kind: str) -> None:
    training = {"lr": 0.02, "epochs": 1, "batch_size": 16}
    job = job_of(kind, "layer", training=training)
    space = job.spaces.of("gradient")
    order = payloads.searched(job, "gradient", [0.5] * space.dimension)
    ended, _ = trained(order.payload)
    learned = ended.learned or {}
    groups = job.groups
    assert list(learned["groups"]) == [group.name for group in groups]
    test = payloads.evaluated(job, order.params, order.payload, 0, learned)
    assert list(test.payload["phi"]) == [layer.name for layer in layers_of(job.network)]
    assert trained(test.payload)[0].value is not None
