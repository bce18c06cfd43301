"""Whether bfloat16 ranks densities as float32 does, and how much faster it trains.

Run: python -m benchmarks.precision_ranking [--densities 16] [--epochs 3] [--task NAME]...

Every density of a Sobol sequence is trained in both precisions, one right after the other. Printed
are Spearman's rank correlation of the validation losses, the regret (the float32 loss of the
density that is best in bfloat16, over the best float32 loss, in percent), the largest relative
difference of a loss, the spread of the float32 losses, and the ratios of the process time.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from scipy import stats
from scipy.stats import qmc

from benchmarks.machine import describe, spread
from workers.training.loop import train
from workers.training.task import Outcome, TrainingTask

SGD = {
    "optimizer": "sgd", "momentum": 0.9, "nesterov": False, "weight_decay": 0.0,
    "schedule": "cosine",
}  # fmt: skip
# Of alpha = (a, 1, b), as advised for 3x3 kernels.
LOW, HIGH = 0.5, 1.5
TASKS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "photos": (
        {
            "kind": "denoising", "dataset": "photos", "noise_sigma": 25.0, "patch_px": 40,
            "n_patches": 512,
        },
        {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 3},
        {"lr": 0.05, "batch_size": 32},
    ),
    "digits": (
        {"kind": "classification", "dataset": "digits"},
        {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3},
        {"lr": 0.05, "batch_size": 32},
    ),
}  # fmt: skip


def densities(n: int) -> list[tuple[tuple[float, ...], ...]]:
    """Return alpha beta^T for points of a Sobol sequence."""
    points = qmc.scale(qmc.Sobol(2, scramble=False).random(n), LOW, HIGH)
    alphas = [np.array([a, 1.0, b]) for a, b in points]
    return [tuple(map(tuple, np.outer(alpha, alpha).tolist())) for alpha in alphas]


def trained(name: str, phi: object, epochs: int, precision: str) -> tuple[float, float]:
    """Return a training's validation loss, inf where it diverged, and its process time in s."""
    section, network, own = TASKS[name]
    training = {**SGD, **own, "epochs": epochs, "precision": precision}
    task = TrainingTask(task=section, network=network, training=training, phi=phi, seed=0)  # type: ignore[arg-type]
    start = time.process_time()
    *_, outcome = train(task)
    taken_s = time.process_time() - start
    if not isinstance(outcome, Outcome):
        raise TypeError("a training ends with its outcome")
    return np.inf if outcome.value is None else outcome.value, taken_s


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--densities", type=int, default=16, help="a power of two")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--task", action="append", choices=[*TASKS])
    asked = parser.parse_args()
    print(describe("torch", "scipy"))
    for name in asked.task or TASKS:
        trained(name, None, 1, "bfloat16")  # loads the data
        exact, quick, ratios = [], [], []
        for phi in densities(asked.densities):
            loss, taken_s = trained(name, phi, asked.epochs, "float32")
            other, other_s = trained(name, phi, asked.epochs, "bfloat16")
            exact.append(loss)
            quick.append(other)
            ratios.append(taken_s / other_s)
        full, half = np.array(exact), np.array(quick)
        apart = np.abs(half / full - 1).max()
        regret = full[half.argmin()] / full.min() - 1
        print(f"{name}, {asked.epochs} epochs, n = {len(full)} densities")
        print(f"  Spearman {stats.spearmanr(full, half).statistic:.3f}, ", end="")
        print(f"regret {100 * regret:.2f} %, largest difference {100 * apart:.2f} %, ", end="")
        print(f"float32 losses from {full.min():.4g} to {full.max():.4g}")
        print(f"  float32 / bfloat16 process time: {spread(ratios, 'x')}")


if __name__ == "__main__":
    main()
