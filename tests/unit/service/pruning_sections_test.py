"""The section that stops trainings early."""

from __future__ import annotations

from typing import Any

from service.pruning_sections import HalvingPruning, MedianPruning
from service.spec import JobSpec


def spec_of(pruning: dict[str, Any]) -> JobSpec:
    task = {"kind": "denoising"}
    body = {"name": "a", "task": task, "budget": {"n_trials": 1}, "pruning": pruning}
    return JobSpec.model_validate(body)


def test_pruning_without_a_rule_is_that_of_earlier_versions() -> None:
    assert spec_of({"warmup_epochs": 2}).pruning == MedianPruning(warmup_epochs=2)
    assert spec_of({"rule": "halving"}).pruning == HalvingPruning(rule="halving")
