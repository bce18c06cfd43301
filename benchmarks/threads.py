"""Training steps on several threads against one, by the clock on the wall.

Run: python -m benchmarks.threads [--threads 2] [--rounds 40]

A round takes one step with one thread, one with several and one with one again (the control), in
an order drawn anew, each of its own training; its ratios to the first are one sample. On two cores
two trainings of one thread come to 2. Run it on a quiet machine: a team of threads that shares its
cores with other work is many times slower than one thread.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Mapping
from itertools import count
from typing import Any

import torch

from benchmarks.machine import describe, spread
from workers.training.forward import PlainForward
from workers.training.machine import prepare_machine
from workers.training.preparation import endless_batches, prepare
from workers.training.stepping import step
from workers.training.task import TrainingTask

WARM_UP_ROUNDS = 3
PHI = ((0.5, 0.7, 0.5), (0.7, 1.0, 0.7), (0.5, 0.7, 0.5))
SGD = {
    "optimizer": "sgd", "lr": 1e-3, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0,
    "batch_size": 64, "epochs": 1,
}  # fmt: skip
CASES: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "demo: dncnn 5x16 on 40 px": (
        {
            "kind": "denoising", "dataset": "photos", "noise_sigma": 25.0, "patch_px": 40,
            "n_patches": 1024,
        },
        {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 3},
    ),
    "small_cnn 2x16 on 8 px": (
        {"kind": "classification", "dataset": "digits"},
        {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3},
    ),
}  # fmt: skip


class Steps:
    """The steps of one training with a number of threads."""

    def __init__(self, task: TrainingTask) -> None:
        self._parts = prepare(task)
        self._forward = PlainForward([self._parts], "float32")
        self._batches, self._numbers = endless_batches(self._parts, task), count(1)
        self._n_threads = task.threads

    def take(self) -> float:
        """Take a step, its batch included, and return its seconds."""
        torch.set_num_threads(self._n_threads)
        start = time.perf_counter()
        step(self._forward, *next(self._batches), next(self._numbers))
        return time.perf_counter() - start


def ratios(steps: list[Steps], n_rounds: int) -> list[list[float]]:
    """Return, for each of the steps but the first, how many times as fast as those they are."""
    found: list[list[float]] = [[] for _ in steps[1:]]
    shuffled = random.Random(0)  # noqa: S311 - in no order that favours one
    for turn in range(-WARM_UP_ROUNDS, n_rounds):
        taken = {i: steps[i].take() for i in shuffled.sample(range(len(steps)), len(steps))}
        if turn >= 0:
            for place, own in enumerate(found, start=1):
                own.append(taken[0] / taken[place])
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=40)
    asked = parser.parse_args()
    prepare_machine()
    print(describe("torch"))
    for name, (section, network) in CASES.items():
        several, control = ratios(
            [
                Steps(TrainingTask(section, network, SGD, PHI, seed=0, threads=n))
                for n in (1, asked.threads, 1)
            ],
            asked.rounds,
        )
        print(f"{name}: {asked.threads} threads {spread(several, 'x')}; ", end="")
        print(f"1 thread again {spread(control, 'x')}")


if __name__ == "__main__":
    main()
