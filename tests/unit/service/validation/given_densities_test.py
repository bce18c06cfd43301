"""What is wrong with a fixed control: each fault at its field, with a remedy."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import Fault, InvalidSpecError
from service.validation import parse
from tests.support import resolved_jobs

MIXED = {"kind": "resnet", "n_stages": 2, "depth": 1, "kernel_size": [5, 3]}
THREE, FIVE = {"vector": [0.5]}, {"vector": [0.3, 1.5]}


def body(*controls: object, **changes: Any) -> dict[str, Any]:
    return {
        "name": "digits",
        "task": {"kind": "classification"},
        "network": MIXED,
        "samplers": ["random"],
        "controls": list(controls),
        "budget": {"n_trials": 5},
    } | changes


def fixed(*densities: object, label: str | None = "theirs") -> dict[str, Any]:
    found: dict[str, Any] = {"name": "fixed", "densities": list(densities)}
    return found if label is None else found | {"label": label}


def faults(*controls: object) -> list[Fault]:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse(body(*controls))
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("control", "pointer", "words"),
    [
        (fixed(THREE, FIVE, label=None), "/label", "name the density"),
        (fixed(THREE, FIVE, label="flat"), "/label", "a control of its own"),
        (fixed(THREE, FIVE, label="fixed"), "/label", "a control of its own"),
        (fixed(THREE, FIVE, label="random"), "/label", "a search by random"),
        (fixed(THREE, FIVE, label="random-2"), "/label", "a search by random"),
        (fixed(THREE, FIVE, label="a b"), "/label", "digits and . _ - alone"),
        (fixed(THREE, FIVE, label="a\0"), "/label", "digits and . _ - alone"),
        (fixed(THREE, FIVE, label="\u202ea"), "/label", "digits and . _ - alone"),
        (fixed(THREE, FIVE, label=""), "/label", "at least 1"),
        (fixed(THREE, FIVE, label="x" * 41), "/label", "at most 40"),
        ({"name": "fixed", "label": "a"}, "/densities", "give the densities"),
        (fixed(), "/densities", "at least 1"),
        (fixed(THREE), "/densities", "none is for 5x5 kernels"),
        (fixed(THREE, FIVE, FIVE), "/densities/2", "5x5 kernels, as densities/1: leave"),
        (fixed(THREE, {"alpha": [1.0] * 4}), "/densities/1/alpha", "an odd number"),
        (fixed({"family": "gaussian", "vector": [0.0]}), "/densities/0", "sigma must be above 0"),
        (fixed(THREE, {"vector": [0.3, 1e7]}), "/densities/1/vector/1", ""),
        (fixed(THREE, {"vector": [0.3, None]}), "/densities/1/vector/1", ""),
        (fixed(THREE, FIVE | {"factor": 0.0}), "/densities/1/factor", ""),
        (fixed(THREE, FIVE) | {"sigma": 1.0}, "/sigma", "gaussian alone"),
        ({"name": "flat", "label": "a"}, "/label", "fixed alone"),
        ({"name": "flat", "densities": [FIVE]}, "/densities", "fixed alone"),
    ],
)
def test_each_fault_is_at_its_field(control: dict[str, Any], pointer: str, words: str) -> None:
    found = faults(control)
    assert {fault.pointer for fault in found} == {f"/controls/0{pointer}"}
    assert words in found[0].detail
    assert len(found) == 1


def test_each_has_a_name_of_its_own() -> None:
    (fault,) = faults(fixed(THREE, FIVE), fixed(THREE, FIVE))
    assert (fault.pointer, fault.detail) == (
        "/controls/1",
        "theirs is listed twice: once is enough",
    )


def test_a_published_list_may_have_sizes_that_the_network_has_not() -> None:
    published = fixed(THREE, FIVE, {"vector": [0.06, 1.2, 1.6]})
    spec = parse.parse(body(published))
    stored = spec.model_dump(mode="json")
    assert parse.stored(stored) == spec
    plain = parse.parse(body("uniform")).model_dump(mode="json")["controls"]
    assert set(plain[0]) == {"name", "lr", "sampler", "sigma", "factor"}  # as always


def test_many_are_studies_by_their_names() -> None:
    job = resolved_jobs.training(
        body(
            "uniform",
            fixed(THREE, FIVE, label="v1"),
            fixed(THREE, {"alpha": [1.0] * 5}, label="v2"),
        )
    )
    controls = [study for study in job.studies if study.role == "control"]
    assert [study.name for study in controls] == ["uniform", "v1", "v2"]
    assert len({study.seed for study in controls}) == 3
    assert all(job.spaces.of(study.name).dimension == 0 for study in controls)


def test_what_depends_on_the_data_waits_until_they_are_known() -> None:
    """A stored set is looked up later: how many axes it has is not known at first."""
    lines = {"alpha": [0.5, 1.0, 0.5], "gamma": [0.2, 1.0, 0.2]}
    stored = {"kind": "classification", "dataset": "stored:1"}
    spec = parse.parse(body(fixed(lines), task=stored))
    assert spec.controls[0].study == "theirs"
    (fault,) = faults(fixed(lines))
    assert fault.pointer == "/controls/0/densities/0/gamma"


def test_a_function_has_no_controls() -> None:
    function = {"kind": "function", "name": "sphere", "dimension": 2}
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse(
            {"name": "f", "task": function, "samplers": ["random"], "budget": {"n_trials": 2}}
            | {"controls": [fixed(THREE)]}
        )
    assert [fault.pointer for fault in caught.value.faults] == ["/controls"]
