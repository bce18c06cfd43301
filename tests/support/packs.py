"""Shared by tests: trainings in packs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count, islice
from typing import Any

import numpy as np
import torch

from tests.support.trainings import DENOISING
from workers.training import packs
from workers.training.forward import Precision
from workers.training.fusion import FusedForward
from workers.training.preparation import Prepared, endless_batches, prepare
from workers.training.stepping import step
from workers.training.task import Candidate, Outcome, TrainingTask

SMALL_DENOISING = {**DENOISING, "n_patches": 96}


WAVEFORMS = {"kind": "classification", "dataset": "waveforms"}


PHANTOMS = {
    "kind": "denoising", "dataset": "phantoms", "noise_sigma": 25.0, "patch_px": 8,
    "n_patches": 33,
}  # fmt: skip


VGG = {"kind": "vgg", "depth": 2, "n_stages": 2, "width": 16, "kernel_size": 3}


RESNET = {"kind": "resnet", "depth": 1, "n_stages": 2, "width": 8, "kernel_size": 3}


UNET = {"kind": "unet", "depth": 1, "n_stages": 2, "width": 8, "kernel_size": 3}


def densities(n: int) -> list[Any]:
    random = np.random.default_rng(0)
    alphas = [(a, 1.0, b) for a, b in random.uniform(0.3, 1.3, (n - 1, 2))]
    return [None, *(tuple(map(tuple, np.outer(a, a).tolist())) for a in alphas)]


def outer(alpha: Sequence[float], n_dims: int) -> Any:  # noqa: ANN401 - tuples in tuples
    """Return the outer product of a factor for each axis, as a task has it."""
    if n_dims == 1:
        return tuple(alpha)
    return tuple(outer([a * b for b in alpha], n_dims - 1) for a in alpha)


def train(candidates: Sequence[Candidate | TrainingTask]) -> list[list[Any]]:
    """Return what was told of each candidate."""
    told: list[list[Any]] = [[] for _ in candidates]
    for index, item in packs.train_pack(
        [c if isinstance(c, Candidate) else Candidate(c) for c in candidates]
    ):
        told[index].append(item)
    return told


def facts(told: Sequence[Any]) -> tuple[object, ...]:
    """Return what does not depend on the clock."""
    outcome = told[-1]
    assert isinstance(outcome, Outcome), outcome
    measured = [(m.epoch, m.metrics) for m in told[:-1]]
    return (
        measured, outcome.status, outcome.value, outcome.metrics, outcome.weights, outcome.learned
    )  # fmt: skip


def scarce(at_most: int, error: Exception, n_forwards: int) -> Callable[..., FusedForward]:
    """Return passes that find no room for more networks, after so many forward passes."""

    class Scarce(FusedForward):
        def __init__(self, candidates: Sequence[Prepared], precision: Precision) -> None:
            super().__init__(candidates, precision)
            self._is_wide = len(candidates) > at_most
            self._left = n_forwards

        def outputs(self, inputs: torch.Tensor) -> torch.Tensor:
            self._left -= 1
            if self._is_wide and self._left < 0:
                raise error
            return super().outputs(inputs)

    return Scarce


def taken(of: Sequence[TrainingTask], n_steps: int) -> tuple[FusedForward, list[list[float]]]:
    """Return a pack after some steps, and its candidates' losses."""
    candidates = [prepare(own) for own in of]
    forward, batches = FusedForward(candidates, "float32"), endless_batches(candidates[0], of[0])
    losses = [
        step(forward, inputs, targets, number).tolist()
        for number, (inputs, targets) in zip(count(1), islice(batches, n_steps), strict=False)
    ]
    return forward, [list(own) for own in zip(*losses, strict=True)]
