"""Every network is trained by the real loop on real images, kept to seconds each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.trainings import DENOISING, DIGITS, PHI, START, learning, run, task
from workers.training.task import Status

TINY = {**DENOISING, "n_patches": 128}
CASES: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "small_cnn": (DIGITS, {"depth": 2}),
    "vgg": (DIGITS, {"depth": 3, "n_stages": 2}),
    "resnet": (DIGITS, {"depth": 1, "n_stages": 3}),
    "dncnn": (TINY, {"depth": 3}),
    "unet": (TINY, {"depth": 1, "n_stages": 3}),
    "nafnet": (TINY, {"depth": 1, "n_stages": 2}),
}
# Nothing moves at this rate: the value is that of the initial network. (Batch normalisation still
# learns its averages.)
STILL = {"lr": 1e-12, "epochs": 1}


def network(kind: str, kernel_size: int = 3) -> dict[str, Any]:
    return {"kind": kind, **CASES[kind][1], "width": 6, "kernel_size": kernel_size}


@pytest.mark.parametrize("kind", CASES)
def test_two_epochs_beat_the_start(kind: str) -> None:
    section = CASES[kind][0]
    start = run(task(section, network=network(kind), training=STILL))[1]
    measurements, outcome = run(task(section, network=network(kind), training={"batch_size": 16}))
    assert outcome.status is Status.COMPLETED
    assert len(measurements) == 2
    assert start.value is not None
    assert outcome.value is not None
    assert outcome.value < start.value
    assert measurements[-1].metrics["train_loss"] < measurements[0].metrics["train_loss"]


@pytest.mark.parametrize("kind", CASES)
def test_the_density_is_trained_with_and_is_folded_away(kind: str) -> None:
    section = {**TINY, "n_patches": 32} if CASES[kind][0] is TINY else DIGITS
    changes: dict[str, Any] = {"network": network(kind), "training": {"epochs": 1}}
    weighted, plain, again = (
        run(task(section, phi=phi, keep_weights=True, **changes))[1] for phi in (PHI, None, PHI)
    )
    assert weighted.value != plain.value
    assert (weighted.value, weighted.weights) == (again.value, again.weights)
    assert weighted.weights is not None
    assert b"parametrizations" not in weighted.weights


@pytest.mark.parametrize("kind", ["resnet", "nafnet"])
def test_densities_are_learned_by_layer_where_kernels_are_wide(kind: str) -> None:
    gradient = learning(network(kind, 5), scope="layer")
    section = {**TINY, "n_patches": 32} if CASES[kind][0] is TINY else DIGITS
    outcome = run(task(section, network=network(kind, 5), phi=None, gradient=gradient))[1]
    assert outcome.learned is not None
    vectors = outcome.learned["groups"].values()
    # ResNet: the first convolution and three blocks of two. NAFNet: first, last, three blocks.
    assert len(vectors) == {"resnet": 7, "nafnet": 5}[kind]
    assert all(vector != [START] * 2 for vector in vectors)
