"""Trainings that are killed, and where their checkpoints go, for tests of what continues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support.trainings import DENOISING, DIGITS, SMALL_CNN, learning, task
from workers.training.checkpoint_store import CheckpointStore
from workers.training.loop import train
from workers.training.task import Outcome, TrainingTask

SMALL_DENOISING = {**DENOISING, "n_patches": 96}  # three batches
FEW = {"batch_size": 359, "epochs": 2}  # four batches, the last of one sample


class KilledError(BaseException):
    """Stands for the death of the process."""


def killed_at(step: int) -> Callable[[], bool]:
    """Die before so many steps have been taken and one more."""
    left = step

    def should_stop() -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise KilledError
        return False

    return should_stop


def counted() -> tuple[list[None], Callable[[], bool]]:
    """Return a list that grows with every step, and what is asked before each."""
    steps: list[None] = []

    def should_stop() -> bool:
        steps.append(None)
        return False

    return steps, should_stop


class Stores:
    """Stores in one folder, and what they have said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []

    def __call__(self, digest: str = "a", **changes: Any) -> CheckpointStore:
        items: dict[str, Any] = {"every_s": 0.0, "most_bytes": 10**9, "warn": self.said.append}
        items["device"] = "cpu"
        return CheckpointStore(self.folder, digest, **{**items, **changes})


def facts(items: Sequence[Any]) -> tuple[object, ...]:
    """Return what does not depend on the clock."""
    outcome = items[-1]
    assert isinstance(outcome, Outcome), outcome
    measured = [(m.epoch, m.metrics) for m in items[:-1]]
    own = outcome.items  # equal only to itself
    losses = None if own is None else (own.n_items, own.packed())
    return measured, replace(outcome, training_s=0.0, peak_memory_bytes=0, items=None), losses


def undisturbed(of: TrainingTask) -> tuple[object, ...]:
    return facts(list(train(of)))


def until_killed(of: TrainingTask, step: int, store: CheckpointStore) -> list[Any]:
    items = []
    with suppress(KilledError):  # after the last step it is not asked any more
        for item in train(of, killed_at(step), store=store):
            items.append(item)  # noqa: PERF402 - what came before the end is wanted
    return items


CASES: dict[str, TrainingTask] = {
    "sgd": task(
        DIGITS,
        training=FEW
        | {"nesterov": True, "weight_decay": 1e-3, "label_smoothing": 0.1}
        | {"augmentation": {"flip": True, "crop_padding_px": 1}},
        keep_weights=True,
    ),
    "adamw": task(
        DIGITS,
        training=FEW
        | {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.01, "clip_norm": 0.5}
        | {"schedule": "cosine", "warmup_epochs": 1, "drop_last": True},
    ),
    "bfloat16": task(DIGITS, training=FEW | {"precision": "bfloat16", "momentum": 0.0}),
    "plain": task(DIGITS, phi=None, training=FEW | {"optimizer": "adam", "lr": 0.01, "epochs": 3}),
    "batch-norm": task(
        SMALL_DENOISING,
        training={"epochs": 2, "schedule": "one_cycle"},
        keep_weights=True,
        split="test",
    ),
    "learned": task(
        DIGITS,
        phi=None,
        gradient=learning(SMALL_CNN)
        | {"lr_factor": 5.0, "weight_decay": 0.01, "schedule": "warm_restarts"},
        training=FEW | {"optimizer": "adamw", "lr": 0.01},
        keep_weights=True,
    ),
}
