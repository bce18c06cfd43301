"""Whole trainings on the real images, kept to a second each."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load
from torch import nn
from torch.nn import functional

from densearch.nn.operator import apply_density, fold, is_weighted
from densearch.plugins.objective import Judgement
from densearch.plugins.shape import InputShape, Split
from tests.support.root import ROOT
from tests.support.trainings import (
    DENOISING,
    DIGITS,
    DNCNN,
    PHI,
    SGD,
    SMALL_CNN,
    TEXTURES,
    learning,
    run,
    task,
)
from workers.training import preparation
from workers.training.data import photos
from workers.training.generators import generator, generators_of
from workers.training.networks import build_network
from workers.training.objectives.classification import ClassificationObjective
from workers.training.objectives.denoising import DenoisingObjective
from workers.training.task import Status, TrainingTask


@pytest.mark.parametrize(("section", "least"), [(DIGITS, 0.9), (TEXTURES, 0.8)])
def test_classification_learns(section: dict[str, Any], least: float) -> None:
    measurements, outcome = run(task(section, split="test", phi=None, training={"epochs": 6}))
    names = {"accuracy"} | ({"accuracy_top5"} if section == DIGITS else set())  # of 10 classes
    assert set(measurements[0].metrics) == {"train_loss", "val_loss"} | {f"val_{n}" for n in names}
    assert set(outcome.metrics) == {"loss", "constant_loss"} | names
    assert outcome.metrics["loss"] < outcome.metrics["constant_loss"]
    assert outcome.status is Status.COMPLETED
    assert outcome.metrics["accuracy"] > least
    assert measurements[-1].metrics["train_loss"] < measurements[0].metrics["train_loss"]


SCRIPT = """
import json, sys
from tests.integration.workers.training.loop_test import outcome_of
for given in json.load(sys.stdin):
    print(outcome_of(given))
"""


def outcome_of(given: dict[str, Any]) -> str:
    """Train, and return what came of it, each bit of it."""
    measured, outcome = run(TrainingTask(**given))
    assert outcome.value is not None
    assert outcome.weights is not None
    values = [m.metrics for m in measured], outcome.learned, outcome.value.hex()
    return f"{values} {outcome.weights.hex()}"


def test_processes_agree_bit_for_bit() -> None:
    cases: list[dict[str, Any]] = [
        {"task": section, "network": network, "training": {**SGD, "epochs": 1}, "phi": PHI,
         "seed": 7, "keep_weights": True}
        for section, network in [({**DENOISING, "n_patches": 32}, DNCNN), (DIGITS, SMALL_CNN)]
    ]  # fmt: skip
    new = {"optimizer": "adamw", "lr": 0.005, "schedule": "cosine", "schedule_epochs": 4,
           "initialisation": "kaiming_fan_out"}  # fmt: skip
    ends = {"start": [1.5, 2.0], "bounds": [[0.5, 6.0], [0.5, 8.0]]}
    gradient = learning(SMALL_CNN, "power", "layer", **ends)
    changes = {"training": {**SGD, "epochs": 1, **new}, "phi": None, "gradient": gradient}
    cases.append({**cases[1], **changes})
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=json.dumps(cases), cwd=ROOT, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    fresh = done.stdout.splitlines()
    # What this process has trained before, and the other order, leave no trace either.
    assert fresh == [outcome_of(given) for given in reversed(cases)][::-1]
    assert len(fresh) == 3


def test_a_density_of_ones_is_the_plain_training() -> None:
    ones = tuple(tuple(1.0 for _ in row) for row in PHI)
    plain, uniform, weighted = (
        run(task({**DENOISING, "n_patches": 64}, phi=phi, keep_weights=True))[1]
        for phi in (None, ones, PHI)
    )
    assert (plain.value, plain.weights) == (uniform.value, uniform.weights)
    assert plain.value != weighted.value


def test_every_density_starts_from_the_same_weights() -> None:
    first = []
    for phi in (PHI, tuple(tuple(2 * v for v in row) for row in PHI)):
        # A rate so small that nothing moves: the weights kept are the initial ones times phi.
        small = {"lr": 1e-12, "epochs": 1}
        outcome = run(task(DIGITS, phi=phi, training=small, keep_weights=True))[1]
        assert outcome.weights is not None
        first.append(load(outcome.weights))
    torch.testing.assert_close(
        first[1]["features.0.0.weight"], 2 * first[0]["features.0.0.weight"]
    )
    torch.testing.assert_close(first[1]["head.weight"], first[0]["head.weight"])


def test_the_weights_are_those_of_a_plain_network_that_gives_the_value() -> None:
    """Read back into plain torch, with noise and normalisation written out anew."""
    outcome = run(task({**DENOISING, "n_patches": 64}, keep_weights=True))[1]
    assert outcome.weights is not None
    state = load(outcome.weights)
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 1, 3, padding=1),
    )  # fmt: skip
    network.load_state_dict(state)
    network.eval()
    clean = torch.from_numpy(photos.fixed_crops(photos.load_photos("validation")))
    sigma = 25 / 255
    noisy = clean + sigma * torch.randn(clean.shape, generator=generator(20250524))
    with torch.no_grad():
        denoised = noisy - sigma * network((noisy - 0.5) / 0.25)
    assert outcome.value == pytest.approx(float(functional.mse_loss(denoised, clean)), rel=1e-5)


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("validation", [("validation", False), ("validation", True)]),
        ("test", [("validation", False), ("validation", False), ("test", True)]),
    ],
)
@pytest.mark.parametrize("is_learned", [False, True])
def test_nothing_is_judged_twice_and_folding_changes_no_judgement(
    monkeypatch: pytest.MonkeyPatch,
    split: Split,
    expected: list[tuple[str, bool]],
    *,
    is_learned: bool,
) -> None:
    judged: list[tuple[str, bool]] = []
    evaluate, judge = DenoisingObjective.evaluate, DenoisingObjective.judge
    last: dict[str, Any] = {}

    def counted(
        own: DenoisingObjective, network: nn.Module, split: Split, *, thorough: bool
    ) -> dict[str, float]:
        judged.append((split, thorough))
        found = evaluate(own, network, split, thorough=thorough)
        last.update(network=network, objective=own, found=found)
        return found

    def judged_thoroughly(own: DenoisingObjective, network: nn.Module, split: Split) -> Judgement:
        judged.append((split, True))
        found = judge(own, network, split)
        last.update(network=network, objective=own, found=found.metrics)
        return found

    monkeypatch.setattr(DenoisingObjective, "evaluate", counted)
    monkeypatch.setattr(DenoisingObjective, "judge", judged_thoroughly)
    gradient = {"phi": None, "gradient": learning(DNCNN)} if is_learned else {}
    outcome = run(task({**DENOISING, "n_patches": 64}, split=split, **gradient))[1]
    assert judged == expected
    assert not any(is_weighted(layer) for layer in last["network"].modules())  # folded by now
    assert evaluate(last["objective"], last["network"], split, thorough=True) == last["found"]
    assert outcome.metrics == last["found"]


@pytest.mark.parametrize("rate", [30.0, 1e30])
def test_divergence_is_a_result(rate: float) -> None:
    measurements, outcome = run(task(training={"lr": rate}))
    assert (outcome.status, outcome.value, outcome.metrics) == (Status.DIVERGED, None, {})
    assert measurements == []


def test_a_loss_below_zero_is_no_divergence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package's loss may be below 0, as a logarithm of a density is."""
    own = task(DIGITS)
    expected = run(own)[1]

    def lowered(self: object, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        del self
        return functional.cross_entropy(outputs, labels) - 5.0

    monkeypatch.setattr(ClassificationObjective, "loss", lowered)
    measurements, outcome = run(own)
    assert all(m.metrics["train_loss"] < 0 for m in measurements)
    assert outcome.value == pytest.approx(expected.value, rel=1e-3)
    assert run(task(DIGITS, training={"lr": 1e30}))[1].status is Status.DIVERGED


def test_weights_that_are_not_finite_are_divergence_whatever_the_loss_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ReLU hides a bias of -inf: every loss is finite."""
    own = task(DIGITS, training={"epochs": 1})

    class Falling(torch.optim.SGD):
        def step(self, *_: Any) -> None:  # type: ignore[override]
            bias = next(p for p in self.param_groups[0]["params"] if p.dim() == 1)
            bias.data[0] = -math.inf

    monkeypatch.setattr(
        preparation, "build_optimizer", lambda _, parameters: Falling(parameters, lr=0.1)
    )
    measurements, outcome = run(own)
    assert (outcome.status, measurements) == (Status.DIVERGED, [])


def test_one_sample_cannot_be_normalised() -> None:
    """8x8 images end at 1x1 after three halvings; 1,078 samples are 3 x 359 and one."""
    resnet = {"kind": "resnet", "depth": 1, "n_stages": 4, "width": 8, "kernel_size": 3}
    with pytest.raises(ValueError, match="choose a batch_size that leaves no sample alone"):
        run(task(DIGITS, network=resnet, training={"batch_size": 359}))


def test_a_stop_is_seen_within_an_epoch() -> None:
    looks = iter([False] * 5 + [True] * 100)
    measurements, outcome = run(task(), lambda: next(looks))
    assert (outcome.status, outcome.value) == (Status.CANCELLED, None)
    assert measurements == []
    assert len(list(looks)) == 99


@pytest.mark.parametrize("kernel_size", [5, 7])
def test_larger_kernels_take_their_densities(kernel_size: int) -> None:
    network = {**DNCNN, "kernel_size": kernel_size}
    phi = tuple(map(tuple, np.full((kernel_size, kernel_size), 0.5).tolist()))
    outcome = run(task({**DENOISING, "n_patches": 32}, network=network, phi=phi))[1]
    assert outcome.status is Status.COMPLETED


def test_a_density_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"layer '0' has a kernel of shape \(5, 5\)"):
        run(task(network={**DNCNN, "kernel_size": 5}))


def test_folding_a_trained_network_keeps_its_outputs() -> None:
    network = build_network(
        DNCNN, InputShape(1, 24), 1, generators_of(0, torch.device("cpu")).weights
    )
    apply_density(network, PHI)
    network.eval()
    x = torch.rand(2, 1, 24, 24)
    before = network(x)
    assert torch.equal(fold(network)(x), before)
    assert not any(is_weighted(layer) for layer in network.modules())
