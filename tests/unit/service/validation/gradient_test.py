"""What does not fit together of the options of `gradient` that are right by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import Fault, InvalidSpecError
from service.validation import parse
from tests.support.resolved_jobs import gradient_body


def faults_of(options: dict[str, Any], **changes: Any) -> list[Fault]:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse(gradient_body(options, **changes))
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("options", "changes", "place", "words"),
    [
        ({"preset": "authors"}, {"training": {"optimizer": "sgd"}}, "/preset", "set training.opt"),
        ({"preset": "authors"}, {"training": {"optimizer": "adam"}}, "/preset", "adamw"),
        ({"preset": "authors"}, {"density": {"family": "radial"}}, "/preset", "density.family"),
        ({"preset": "theirs"}, {}, "/preset", "must be authors"),
        ({"preset": None}, {}, "/preset", "must be authors"),
        ({"preset": ["authors"]}, {}, "/preset", "must be authors"),
        ({"schedule": "cosine"}, {}, "/schedule", "same or constant or warm_restarts"),
        ({"scope": "stage"}, {}, "/scope", "job or layer"),
        ({"weight_decay": -0.1}, {}, "/weight_decay", "from 0 to 1"),
        ({"weight_decay": float("nan")}, {}, "/weight_decay", "from 0 to 1"),
        ({"start": 0.5}, {}, "/start", "a list of numbers"),
        ({"start": []}, {}, "/start", "a list of numbers"),
        ({"start": [0.5, "1"]}, {}, "/start", "value 1: must be a number"),
        ({"start": [0.5, float("nan")]}, {}, "/start", "value 1: must be from"),
        ({"start": [True, 1.0]}, {}, "/start", "value 0: must be a number"),
        ({"start": [1.0] * 5000}, {}, "/start", "at most 4096"),
        ({"start": [0.5]}, {}, "/start", "has 1 values, the density of 5x5 kernels 2"),
        ({"start": [0.5, 2.6]}, {}, "/start/1", "2.6 is not within the bounds of 5x5 kernels"),
        ({"start": [10**400, 1.0]}, {}, "/start", "value 0: must be from"),
    ],
)
def test_what_does_not_fit_is_told_at_its_place(
    options: dict[str, Any], changes: dict[str, Any], place: str, words: str
) -> None:
    (fault,) = faults_of(options, **changes)
    assert fault.pointer == f"/samplers/0/options{place}"
    assert words in fault.detail


def test_an_audit_needs_a_sampler_with_short_trainings() -> None:
    short = {"fidelity": {"search_fraction": 0.5, "promote": 1, "audit": 2}}
    (fault,) = faults_of({}, **short)
    assert fault.pointer == "/fidelity/audit"
    assert "add a sampler that searches" in fault.detail
    both = [{"name": "gradient"}, {"name": "random"}]
    spec = parse.parse(gradient_body({}, **short, samplers=both, budget={"n_trials": 8}))
    assert spec.fidelity is not None
    assert spec.fidelity.audit == 2


@pytest.mark.parametrize("density", [{"bounds": [[0.1, 1.0]]}, {"bounds": [[1.0, 0.1]] * 2}])
def test_a_start_beside_bounds_that_are_wrong_themselves_hides_no_fault(
    density: dict[str, Any],
) -> None:
    faults = faults_of({"start": [0.5, 1.0]}, density=density)
    assert any(fault.pointer.startswith("/density/bounds") for fault in faults)
