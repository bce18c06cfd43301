"""Trainings in steps: each pass has every sample once, and any step finds its batch again."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.support.interrupted import (
    SMALL_DENOISING,
    Stores,
    counted,
    facts,
    undisturbed,
    until_killed,
)
from tests.support.trainings import DIGITS, task
from workers.training import checkpoint_store
from workers.training.loop import train
from workers.training.objectives import build_objective
from workers.training.packs import train_pack
from workers.training.step_batches import StepBatches
from workers.training.task import Candidate, Outcome, TrainingTask

CPU = torch.device("cpu")
# 50 digits in batches of 20: three batches a pass; 14 steps are seven epochs of two steps.
FIFTY = {**DIGITS, "n_train": 50, "subset_seed": 1}
SETTINGS = {"steps": 14, "epochs": 7, "batch_size": 20, "schedule": "cosine", "momentum": 0.5}
MOVED = {"augmentation": {"flip": True, "crop_padding_px": 1}}
CASES = {
    "digits": task(FIFTY, training=SETTINGS | MOVED),
    "photos": task(SMALL_DENOISING, training=SETTINGS | {"batch_size": 32}),
}


def batches(of: TrainingTask) -> StepBatches:
    objective = build_objective(of.task, CPU, of.training)
    return StepBatches(objective, of)


def names(drawn: list[tuple[Tensor, Tensor]]) -> list[bytes]:
    return [inputs.numpy().tobytes() + targets.numpy().tobytes() for inputs, targets in drawn]


@pytest.mark.parametrize("of", CASES.values(), ids=CASES.keys())
def test_a_batch_is_a_function_of_its_step(of: TrainingTask) -> None:
    whole = names(list(batches(of).until(14, 0)))
    assert len(set(whole)) == 14
    for first in (1, 2, 3, 7, 13):
        assert names(list(batches(of).until(14, first))) == whole[first:]
    parts, source = list[bytes](), batches(of)
    for start in range(0, 14, 2):
        parts += names(list(source.until(start + 2, start)))
    assert parts == whole
    assert names(list(source.until(6, 4))) == whole[4:6]  # back, as after a batch that was left


def test_every_pass_has_every_sample_of_the_subset_once_in_an_order_of_its_own() -> None:
    of = replace(CASES["digits"], training={**CASES["digits"].training, "augmentation": {}})
    drawn = [inputs for inputs, _ in batches(of).until(9, 0)]
    passes = [torch.cat(drawn[start : start + 3]) for start in (0, 3, 6)]
    seen = [[sample.numpy().tobytes() for sample in samples] for samples in passes]
    assert all(len(set(samples)) == 50 for samples in seen)
    assert sorted(seen[0]) == sorted(seen[1]) == sorted(seen[2])
    assert seen[0] != seen[1]


def test_a_batch_left_unused_is_drawn_again() -> None:
    source, whole = batches(CASES["digits"]), names(list(batches(CASES["digits"]).until(14, 0)))
    assert names(list(islice(source.until(4, 0), 3))) == whole[:3]
    assert names(list(source.until(4, 2))) == whole[2:4]


def outcome_of(of: TrainingTask, **given: Any) -> Outcome:
    *_, outcome = train(of, **given)
    assert isinstance(outcome, Outcome)
    return outcome


@pytest.mark.parametrize(("steps", "epochs", "taken"), [(14, 7, 14), (15, 8, 15), (14, 3, 6)])
def test_it_takes_its_steps_and_is_judged_after_each_tenth(
    steps: int, epochs: int, taken: int
) -> None:
    training = {**CASES["digits"].training, "steps": steps, "epochs": epochs}
    looks, look = counted()
    outcome = outcome_of(replace(CASES["digits"], training=training), should_stop=look)
    assert (len(looks), len(outcome.curve)) == (taken, epochs)


def test_more_data_take_as_many_steps() -> None:
    for section in (FIFTY, DIGITS):
        looks, look = counted()
        outcome_of(task(section, training=SETTINGS), should_stop=look)
        assert len(looks) == 14


@pytest.mark.parametrize("of", CASES.values(), ids=CASES.keys())
def test_it_goes_on_bit_for_bit_from_any_step(
    of: TrainingTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_store, "REST", 0.0)
    stores, expected = Stores(tmp_path), undisturbed(of)
    for step in (1, 4, 7, 14):
        store = stores(f"{step}")
        until_killed(of, step, store)
        steps, look = counted()
        assert facts(list(train(of, look, store=store))) == expected, step
        assert len(steps) == 14 - step
    assert not stores.said


def test_a_whole_training_continues_a_short_one_of_its_schedule(tmp_path: Path) -> None:
    of, stores = CASES["digits"], Stores(tmp_path)
    short = replace(of, training={**of.training, "epochs": 3, "schedule_epochs": 7})
    expected = undisturbed(of)
    outcome_of(short, store=stores(keeps_end=True))
    steps, look = counted()
    assert facts(list(train(of, look, store=stores()))) == expected
    assert len(steps) == 14 - 6


def test_in_a_pack_each_has_the_value_of_a_pack_of_its_own() -> None:
    tasks = [replace(CASES["digits"], phi=phi) for phi in (None, CASES["digits"].phi)]

    def values(packed: list[TrainingTask]) -> list[float | None]:
        found = dict(train_pack([Candidate(of) for of in packed]))
        return [own.value for _, own in sorted(found.items()) if isinstance(own, Outcome)]

    assert values(tasks) == [values([of])[0] for of in tasks]
