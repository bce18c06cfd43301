"""What a page says of a spec in a few words."""

from __future__ import annotations

from typing import Any, cast

import pytest

from api.dashboard.pages.spec_text import packs_text, precision_text, task_text
from densearch.answers import TrialAnswer


def _trial(**metrics: float) -> TrialAnswer:
    return cast("TrialAnswer", {"metrics": metrics or None})


@pytest.mark.parametrize(
    ("wanted", "trials", "words"),
    [
        (None, [], ""),
        ("float32", [_trial(loss=1.0)], ""),
        ("bfloat16", [], "searched in bfloat16"),
        ("auto", [], "precision: auto"),
        ("auto", [_trial(), _trial(loss=1.0), _trial(precision_bits=16)], "searched in bfloat16"),
        ("auto", [_trial(precision_bits=32)], "searched in float32"),
    ],
)
def test_precision(wanted: str | None, trials: list[TrialAnswer], words: str) -> None:
    spec = {"training": {"precision": wanted} if wanted else {}}
    assert precision_text(spec, trials) == words
    assert precision_text({"training": None}, trials) == ""


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"pack_width": 1}, ""),
        ({"pack_width": 4}, "packs of 4"),
        ({"pack_width": "auto"}, "pack width: measured before the first trial"),
        ({}, ""),
        (None, ""),
    ],
)
def test_packs(resources: dict[str, Any] | None, words: str) -> None:
    assert packs_text({"resources": resources}) == words


@pytest.mark.parametrize(
    ("n_train", "training", "words"),
    [
        (None, {"epochs": 4}, "classification · digits · vgg"),
        (2000, {"epochs": 4}, "classification · digits · 2,000 training samples · vgg"),
        (0.25, {"epochs": 10, "steps": 1400},
         "classification · digits · 0.25 of the training samples · vgg · 1,400 steps"),
    ],
)  # fmt: skip
def test_a_subset_and_a_length_in_steps_are_named(
    n_train: float | None, training: dict[str, int], words: str
) -> None:
    task = {"kind": "classification", "dataset": "digits"}
    spec = {
        "task": task if n_train is None else {**task, "n_train": n_train},
        "network": {"kind": "vgg"},
        "training": training,
    }
    assert task_text(spec) == words
