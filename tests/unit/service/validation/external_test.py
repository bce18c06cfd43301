"""Rules of external trainings: each fault names its field and the remedy."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import InvalidSpecError
from service.studies.resolved import TrainingJob
from service.validation import parse
from service.validation.resolve import resolve
from tests.support.external_jobs import SPEC

TASK = SPEC["task"]
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "network": ({"network": {"kind": "small_cnn"}}, "/network", "leave this section out"),
    "training": ({"training": {"epochs": 2}}, "/training", "leave this section out"),
    "two sizes": ({"task": {**TASK, "layers": {"a": 3}}}, "/task/kernel_size", "one of the two"),
    "even size": ({"task": {**TASK, "kernel_size": 4}}, "/task/kernel_size", "odd size, 3 or 5"),
    "no metric": ({"task": {"kind": "external"}}, "/task/metric", "is required"),
    "lease": ({"task": {**TASK, "lease_s": 1}}, "/task/lease_s", "greater than or equal to 5"),
    "epochs": ({"task": {**TASK, "epochs": None}}, "/task/epochs", "pruning needs the epochs"),
    "halving": ({"pruning": {"rule": "halving"}}, "/pruning/rule", "use median"),
    "packs": ({"resources": {"pack_width": 4}}, "/resources", "leave this section out"),
    "money": ({"budget": {"n_trials": 6, "cost": 3.0}}, "/budget/cost", "leave it out"),
    "taken": ({"search": {"den": {"low": 0, "high": 1}}}, "/search/den", "another name"),
    "name": ({"search": {"l r": {"low": 0, "high": 1}}}, "/search/l r", "rename it"),
    "range": ({"search": {"lr": {"low": 1, "high": 1}}}, "/search/lr", "not below"),
    "learned": ({"samplers": ["direct_l", "gradient"]}, "/samplers/1", "trains on our workers"),
    "nothing to tune": ({"search": {}, "controls": ["uniform_tuned"]}, "/controls/0", "to tune"),
    "stages": ({"density": {"scope": "stage"}}, "/density/scope", "its stage"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused(name: str) -> None:
    changes, pointer, words = WRONG[name]
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse({**SPEC, **changes})
    found = {fault.pointer: fault.detail for fault in caught.value.faults}
    assert words in found[pointer]


def test_a_job_without_settings_is_compared_with_the_plain_network_alone() -> None:
    spec = parse.parse({n: v for n, v in SPEC.items() if n not in ("search", "controls")})
    assert [control.name for control in spec.controls] == ["uniform"]
    resolved = resolve(spec)
    assert isinstance(resolved, TrainingJob)
    assert resolved.is_external
    assert resolved.spaces.searches.dimension == 2


def test_a_stored_spec_means_the_same() -> None:
    spec = parse.parse(SPEC)
    assert parse.stored(spec.model_dump(mode="json")) == spec
    assert spec.network is None
    assert spec.training is None
