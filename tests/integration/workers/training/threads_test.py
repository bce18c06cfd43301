"""Trainings on two threads: repeated bit for bit, and no hindrance to those on one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.support.trainings import DENOISING, DIGITS, run, task
from workers.training.packs import train_pack
from workers.training.task import Candidate, Outcome, TrainingTask

TASKS = {
    "denoising": task({**DENOISING, "n_patches": 64}, training={"epochs": 1}),
    "digits": task(DIGITS, training={"epochs": 1}),
}


def facts(of: TrainingTask) -> tuple[object, ...]:
    _, outcome = run(replace(of, keep_weights=True))
    return outcome.status, outcome.value, outcome.curve, outcome.weights


@pytest.mark.parametrize("name", TASKS)
def test_a_training_is_a_function_of_its_number_of_threads(name: str) -> None:
    one, two = (replace(TASKS[name], threads=n) for n in (1, 2))
    alone, pair = facts(one), facts(two)
    assert torch.get_num_threads() == 2
    assert facts(two) == pair
    assert facts(one) == alone  # on the process that has trained with two
    assert pair[1] == pytest.approx(alone[1], rel=1e-2)


def test_a_pack_has_the_threads_of_its_candidates() -> None:
    candidates = [Candidate(replace(TASKS["digits"], threads=2, phi=phi)) for phi in (None, None)]
    found = [item for _, item in train_pack(candidates) if isinstance(item, Outcome)]
    assert torch.get_num_threads() == 2
    assert len({outcome.value for outcome in found}) == 1
    run(TASKS["digits"])
    assert torch.get_num_threads() == 1
