"""The engine's steps against the formulas, written out in float64 with W * Phi in every pass."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.trainings import DIGITS, task
from workers.training.forward import PlainForward
from workers.training.preparation import prepare
from workers.training.stepping import step

# A tap of 0, negative ones, and large ones.
PHI = ((0.3, -0.7, 1.2), (0.0, 1.0, 1.9), (0.05, -0.001, 0.8))
NETWORK = {"kind": "small_cnn", "depth": 2, "width": 8, "kernel_size": 3}
SETTINGS: dict[str, Any] = {
    "momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "epochs": 2, "batch_size": 128,
    "clip_norm": 0.7, "schedule": "cosine", "warmup_epochs": 1, "label_smoothing": 0.1,
}  # fmt: skip
RATES = {"sgd": 0.02, "adam": 0.003, "adamw": 0.003}


def smoothed(logits: Tensor, labels: Tensor) -> Tensor:
    logs = logits.log_softmax(dim=1)
    of_label = logs.gather(1, labels[:, None])[:, 0]
    return -(0.9 * of_label + 0.1 * logs.mean(dim=1)).mean()


def stepped(
    name: str, weights: list[Tensor], slopes: list[Tensor], memory: dict[Any, Any], lr: float
) -> None:
    """Take a step of the textbooks: Nesterov with an L2 penalty; Adam with one; AdamW."""
    n = memory["n"] = memory.get("n", 0) + 1
    norm = math.sqrt(sum(float(slope.square().sum()) for slope in slopes))
    for index, (weight, slope) in enumerate(zip(weights, slopes, strict=True)):
        slope = slope * min(1.0, 0.7 / (norm + 1e-6))  # noqa: PLW2901 - clipped
        if name == "adamw":
            weight *= 1 - lr * 0.01  # noqa: PLW2901 - in place
        else:
            slope = slope + 0.01 * weight  # noqa: PLW2901
        first = 0.9 * memory.get(("first", index), 0) + (0.1 if name != "sgd" else 1) * slope
        memory["first", index] = first
        if name == "sgd":
            weight -= lr * (slope + 0.9 * first)  # noqa: PLW2901
            continue
        second = 0.999 * memory.get(("second", index), 0) + 0.001 * slope**2
        memory["second", index] = second
        size = (second / (1 - 0.999**n)).sqrt() + 1e-8
        weight -= lr * first / (1 - 0.9**n) / size  # noqa: PLW2901


@pytest.mark.parametrize("weighted", [("features.0.0", "features.1.0"), ("features.1.0",)])
@pytest.mark.parametrize("name", [*RATES])
def test_steps_are_those_of_the_formulas(name: str, weighted: tuple[str, ...]) -> None:
    training = {**SETTINGS, "optimizer": name, "lr": RATES[name]}
    phi: Any = PHI if len(weighted) == 2 else dict.fromkeys(weighted, PHI)
    own = prepare(task(DIGITS, network=NETWORK, phi=phi, training=training))
    plain = prepare(task(DIGITS, network=NETWORK, phi=None, training=training)).network.double()
    density = torch.tensor(PHI, dtype=torch.float64)
    weights = {key: value.detach() for key, value in plain.named_parameters()}
    forward = PlainForward([own], "float32")
    memory: dict[Any, Any] = {}
    n_epoch = own.objective.n_batches(128)
    for _ in range(2):
        for samples, labels in own.objective.batches(128, own.generators):
            n = memory.get("n", 0)
            held = {key: value.clone().requires_grad_() for key, value in weights.items()}
            products = {f"{key}.weight": held[f"{key}.weight"] * density for key in weighted}
            logits = torch.func.functional_call(plain, {**held, **products}, samples.double())
            loss = smoothed(logits, labels)
            loss.backward()  # type: ignore[no-untyped-call]
            factor = (1 + math.cos(math.pi * n / (2 * n_epoch))) / 2 * min((n + 1) / n_epoch, 1)
            slopes = [value.grad for value in held.values() if value.grad is not None]
            stepped(name, [*weights.values()], slopes, memory, RATES[name] * factor)
            (found,) = step(forward, samples, labels, n + 1)
            assert float(found) == pytest.approx(loss.item(), rel=1e-5)
    for key in weighted:
        expected = weights[f"{key}.weight"] * density
        moved = own.network.get_parameter(f"{key}.weight")
        torch.testing.assert_close(moved.double(), expected, rtol=1e-4, atol=1e-6)
    assert memory["n"] == 2 * n_epoch > 10
