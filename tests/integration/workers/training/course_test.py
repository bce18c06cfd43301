"""Trainings that wait at a rung, and go on from the checkpoint that they left there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.trainings import DENOISING, DIGITS, task
from workers.training.checkpoint_store import CheckpointStore
from workers.training.loop import train
from workers.training.packs import train_pack
from workers.training.task import Candidate, Outcome, Status, TrainingTask

EPOCHS = 4
SCHEDULED = {"epochs": EPOCHS, "schedule": "cosine", "batch_size": 200}
CASES = {
    "digits": task(DIGITS, training=SCHEDULED | {"momentum": 0.5}),
    "batch-norm": task({**DENOISING, "n_patches": 96}, training=SCHEDULED | {"batch_size": 32}),
}


class Steps:
    """Counts the steps of a training."""

    def __init__(self) -> None:
        self.n = 0

    def __call__(self) -> bool:
        self.n += 1
        return False


def store(folder: Path, digest: str = "a") -> CheckpointStore:
    return CheckpointStore(folder, digest, "cpu", every_s=1e6, most_bytes=10**9)


def outcome_of(of: TrainingTask, steps: Steps, **settings: Any) -> Outcome:
    *_, outcome = train(of, steps, **settings)
    assert isinstance(outcome, Outcome)
    return replace(outcome, training_s=0.0, peak_memory_bytes=0)


@pytest.mark.parametrize("of", CASES.values(), ids=CASES.keys())
def test_what_goes_on_is_an_undisturbed_training_and_takes_each_step_once(
    of: TrainingTask, tmp_path: Path
) -> None:
    plain, steps = Steps(), Steps()
    expected = outcome_of(of, plain)
    for rung in (1, 3):
        held = outcome_of(of, steps, store=store(tmp_path), rung=rung)
        assert (held.status, held.curve) == (Status.AT_RUNG, expected.curve[:rung])
        assert steps.n == plain.n * rung // EPOCHS
    assert outcome_of(of, steps, store=store(tmp_path)) == expected
    assert steps.n == plain.n


def test_a_rung_that_was_passed_before_leaves_the_later_checkpoint(tmp_path: Path) -> None:
    of, plain, steps = CASES["digits"], Steps(), Steps()
    expected = outcome_of(of, plain)
    outcome_of(of, Steps(), store=store(tmp_path), rung=3)
    assert outcome_of(of, steps, store=store(tmp_path), rung=1).curve == expected.curve[:1]
    assert steps.n == 0
    assert outcome_of(of, steps, store=store(tmp_path)) == expected
    assert steps.n == plain.n // EPOCHS


def test_a_pack_that_is_at_one_rung_goes_on_together(tmp_path: Path) -> None:
    tasks = [replace(CASES["digits"], phi=phi) for phi in (None, CASES["digits"].phi)]

    def run(rung: int | None, steps: Steps) -> list[Outcome]:
        stores = [store(tmp_path, f"{i}") for i in range(len(tasks))]
        packed = [
            Candidate(of, steps, store=own, found=own.find("float32"), rung=rung)
            for of, own in zip(tasks, stores, strict=True)
        ]
        found = {p: i for p, i in train_pack(packed) if isinstance(i, Outcome)}
        return [replace(found[p], training_s=0.0, peak_memory_bytes=0) for p in (0, 1)]

    expected = [
        replace(own, training_s=0.0, peak_memory_bytes=0)
        for _, own in sorted(
            (p, i)
            for p, i in train_pack([Candidate(of) for of in tasks])
            if isinstance(i, Outcome)
        )
    ]
    steps = Steps()
    held = run(2, steps)
    assert [own.curve for own in held] == [own.curve[:2] for own in expected]
    n_before = steps.n
    assert run(None, steps) == expected
    assert steps.n == 2 * n_before
