"""Which arms contain which, and whose training represents an arm."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from service.records import Study
from service.studies.nesting import chosen, simpler_than
from service.studies.resolved import ResolvedSpec
from tests.support.report_records import Log, spec_of
from tests.support.resolved_jobs import photos, resolved

EVERY = ["uniform", "flat", "uniform_tuned", "flat_tuned", "default_init_tuned", "density_tuned"]
RATES = {"lr": {"low": 0.01, "high": 0.2, "log": True}}


def contained(job: ResolvedSpec) -> dict[str, tuple[str, ...]]:
    blank: dict[str, Any] = {
        "id": 1,
        "job_id": 1,
        "place": 0,
        "is_finished": False,
        "stopped_at": None,
    }
    blank |= {"best_trial_id": None, "best_value": None}
    return {s.name: simpler_than(job, Study(**asdict(s), **blank)) for s in job.studies}


def test_a_chain_of_tuned_arms_ends_in_the_density_and_a_search_holds_the_fixed_ones() -> None:
    assert contained(photos(samplers=["random"], controls=EVERY)) == {
        "random": ("uniform", "flat"),
        "uniform": (),
        "flat": (),
        "uniform_tuned": ("uniform",),
        "flat_tuned": ("uniform", "uniform_tuned"),
        "default_init_tuned": (),
        "density_tuned": ("uniform", "uniform_tuned", "flat_tuned"),
    }


def test_a_search_of_the_rate_holds_the_tuned_arms() -> None:
    controls = ["flat", "flat_tuned", "uniform", "uniform_tuned"]
    found = contained(photos(samplers=["random"], controls=controls, search=RATES))
    assert found["random"] == ("uniform", "uniform_tuned", "flat_tuned")


@pytest.mark.parametrize(
    ("search", "is_inside"),
    [
        (RATES, True),
        ({"lr": {"low": 0.06, "high": 0.2}}, False),
        ({"width": {"low": 8, "high": 32, "integer": True}}, True),
        ({"width": {"low": 8, "high": 12, "integer": True}}, False),
        ({"optimizer": {"choices": ["sgd", "adam"]}}, True),
        ({"optimizer": {"choices": ["adam", "adamw"]}}, False),
    ],
)
def test_uniform_is_inside_where_every_searched_range_holds_the_jobs_own_setting(
    search: object, is_inside: bool
) -> None:
    found = contained(photos(samplers=["random"], controls=["uniform"], search=search))
    assert found["random"] == (("uniform",) if is_inside else ())


def test_a_tuned_control_whose_range_leaves_the_jobs_rate_out_does_not_hold_uniform() -> None:
    controls = ["uniform", {"name": "uniform_tuned", "lr": {"low": 0.06, "high": 0.2}}]
    assert contained(photos(samplers=["random"], controls=controls))["uniform_tuned"] == ()


def test_the_first_method_functions_and_gradient_trainings_contain_no_arm() -> None:
    jobs = [
        photos(samplers=["random"], controls=EVERY, method=1),
        photos(samplers=["gradient"], controls=["uniform"]),
        resolved(
            {
                "name": "f",
                "task": {"kind": "function", "name": "sphere"},
                "samplers": ["random"],
                "budget": {"n_trials": 2},
            }
        ),
    ]
    assert {names for job in jobs for names in contained(job).values()} == {()}


def test_the_least_value_is_chosen_and_the_simplest_of_equals() -> None:
    log = Log(spec_of())
    own, simple, flat = (log.trial("random", n, v) for n, v in enumerate((0.5, 0.5, 0.4)))
    assert chosen(own, [simple]) is simple
    assert chosen(own, [simple, flat]) is flat
    assert chosen(own, [log.trial("random", 3, 0.6), None]) is own
    assert chosen(None, [None, simple]) is simple
    assert chosen(None, [None]) is None


def test_a_search_at_the_tuned_rate_holds_the_tuned_plain_network() -> None:
    controls = ["uniform", "flat", "uniform_tuned", "flat_tuned"]
    found = contained(photos(samplers=["random"], controls=controls, tuned_rate={}))
    assert found["random"] == ("uniform", "uniform_tuned", "flat")


def test_arms_whose_rate_was_tuned_with_other_data_hold_none() -> None:
    shared = {"tuned_rate": {"seed": 3}, "evaluation": {"n_seeds": 0}}
    found = contained(photos(samplers=["random"], controls=["uniform", "uniform_tuned"], **shared))
    assert set(found.values()) == {()}
