"""`python -m workers.probe ray|train`: whether Ray starts here, and whether a network is trained.

`densearch doctor` runs it in a process of its own, since what it tries may end it or hang. It
prints a line, and ends with exit code 0; what it raises ends it with another one.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from service.settings import load


def probe_ray() -> str:
    """Start a local Ray with one CPU, have a worker process answer, and stop it."""
    import ray

    from workers.local_ray import LocalRay

    settings = load().model_copy(update={"n_cpus": 1, "n_gpus": 0})
    began = time.monotonic()
    local = LocalRay(settings)
    try:
        local.start()
        answered: Any = ray.remote(_answer)
        ray.get(answered.remote(), timeout=60)
    finally:
        local.stop()
    return f"Ray {ray.__version__} starts, and a worker answers, within {_since(began)} s"


def probe_train() -> str:
    """Train a small network on the digits for an epoch, on the CPU."""
    import torch

    from workers.training.loop import train
    from workers.training.task import Outcome, TrainingTask

    began = time.monotonic()
    task = TrainingTask(
        task={"kind": "classification", "dataset": "digits"},
        network={"kind": "small_cnn", "depth": 1, "width": 4, "kernel_size": 3},
        training={
            "optimizer": "sgd",
            "lr": 0.05,
            "momentum": 0.9,
            "nesterov": False,
            "weight_decay": 0.0,
            "batch_size": 128,
            "epochs": 1,
        },
        phi=[[0.5, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 0.5]],
        seed=0,
    )
    (outcome,) = (item for item in train(task) if isinstance(item, Outcome))
    return (
        f"torch {torch.__version__} trains an epoch in {_since(began)} s "
        f"(validation loss {outcome.value:.2f})"
    )


def _answer() -> int:
    return 1


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.0f}"


PROBES = {"ray": probe_ray, "train": probe_train}


def main() -> int:
    """Run the probe that is named."""
    sys.stdout.write(f"{PROBES[sys.argv[1]]()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
