"""What a worker receives: read from JSON and written back without a change."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from service.digest import canonical_json
from service.studies.training_payload import (
    DensityLearning,
    FunctionPayload,
    TrainingPayload,
    TrainingSettings,
    epochs_in,
    epochs_of,
    is_packed,
    payload_of,
    trains,
)

SECTION: dict[str, Any] = {
    "optimizer": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0,
    "batch_size": 32, "epochs": 2,
}  # fmt: skip
TRAINED: dict[str, Any] = {
    "task": {"kind": "classification", "dataset": "digits"},
    "network": {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3},
    "training": SECTION,
    "phi": [[0.5, 0.7, 0.5], [0.7, 1.0, 0.7], [0.5, 0.7, 0.5]],
    "split": "validation",
    "seed": 3,
}
GRADIENT: dict[str, Any] = {
    "family": "power",
    "groups": [
        {"name": "", "layers": ["0", "3"], "kernel_size": 3, "start": [1.0, 2.0],
         "bounds": [[0.1, 2.0], [1.0, 4.0]]},
    ],
    "lr_factor": 0.1,
}  # fmt: skip
CALLED: dict[str, Any] = {
    "task": {"kind": "function", "name": "sphere", "dimension": 2, "sleep_s": 0.5},
    "point": [0.25, 0.75],
    "seed": 7,
}


@pytest.mark.parametrize(
    "payload",
    [
        TRAINED,
        {**TRAINED, "phi": None, "split": "test", "threads": 4, "packed": True},
        {**TRAINED, "phi": {"0": [0.5, 1.0, 0.5]}, "packages": {"datasets": {"mine": "mine 2"}}},
        {**TRAINED, "phi": None, "gradient": GRADIENT},
        # As an earlier version stored it, and with a setting that this version does not know.
        {**TRAINED, "training": {**SECTION, "drop_last": True, "schedule_epochs": None}},
        CALLED,
    ],
)
def test_a_payload_is_written_as_it_was_read(payload: dict[str, Any]) -> None:
    assert canonical_json(payload_of(payload).to_json()) == canonical_json(payload)


def test_settings_have_the_defaults_of_before_and_numbers_of_their_types() -> None:
    plain = TrainingSettings.of(SECTION)
    assert (plain.schedule, plain.precision, plain.initialisation) == (
        "constant", "float32", "framework"
    )  # fmt: skip
    assert plain.clip_norm is None
    chosen = TrainingSettings.of({**SECTION, "lr": 1, "clip_norm": 2, "schedule_epochs": None})
    assert (type(chosen.lr), type(chosen.clip_norm)) == (float, float)
    assert chosen.schedule_epochs is None
    payload = TrainingPayload.from_json(TRAINED)
    longer = replace(payload, training={**SECTION, "epochs": 9})
    assert (payload.settings.epochs, longer.settings.epochs) == (2, 9)


def test_learned_densities_are_written_as_they_were_read_without_defaults() -> None:
    assert DensityLearning.of(GRADIENT).to_json() == GRADIENT
    other = {**GRADIENT, "weight_decay": 0.01, "schedule": "warm_restarts"}
    assert DensityLearning.of(other).to_json() == other
    assert TrainingPayload.from_json(TRAINED).learning is None


def test_a_function_is_called_and_trains_no_epoch() -> None:
    called = payload_of(CALLED)
    assert isinstance(called, FunctionPayload)
    assert called.sleep_s == 0.5
    assert not trains(CALLED)
    assert not is_packed(CALLED)
    assert (trains(TRAINED), epochs_of(TRAINED)) == (True, 2)
    assert is_packed({**TRAINED, "packed": True})


@pytest.mark.parametrize("steps", [1, 7, 10, 11, 25, 400, 401, 12345])
def test_the_epochs_of_steps_are_as_long_as_one_another_but_for_the_last(steps: int) -> None:
    found = TrainingSettings.of({**SECTION, "steps": steps})
    ends = [found.steps_in(n, 999) for n in range(epochs_in(steps) + 1)]
    lengths = [end - start for start, end in pairwise(ends)]
    assert (ends[0], ends[-1], sum(lengths)) == (0, steps, steps)
    assert len(lengths) <= 10
    assert set(lengths[:-1]) <= {found.epoch_steps(999)}
    assert 0 < lengths[-1] <= found.epoch_steps(999) == math.ceil(steps / 10)


def test_without_steps_an_epoch_is_a_pass_over_the_data() -> None:
    found = TrainingSettings.of(SECTION)
    assert (found.epoch_steps(17), found.steps_in(3, 17)) == (17, 51)
