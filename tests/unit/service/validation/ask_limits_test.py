"""Jobs that ask too much of their samplers are refused with the field and the remedy."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from densearch.sampler import StudyPlan
from service import samplers
from service.errors import Fault
from service.validation import ask_limits
from tests.support import resolved_jobs


def faults_of(**changes: Any) -> list[Fault]:
    body = {
        "name": "much",
        "task": {"kind": "function", "name": "sphere", "dimension": 6},
        "samplers": ["random"],
        "budget": {"n_trials": 1000},
    }
    return list(ask_limits.faults(resolved_jobs.resolved(body | changes)))


def in_dimensions(dimension: int) -> dict[str, object]:
    return {"kind": "function", "name": "sphere", "dimension": dimension}


# What docs/samplers.md says is possible, and one step beyond it.
@pytest.mark.parametrize(
    ("sampler", "dimension", "n_trials", "batch_size", "is_possible"),
    [
        ("random", 64, 100_000, 4, True),
        ("qmc", 64, 100_000, 4, True),
        ("grid", 64, 100_000, 4, True),
        ("direct_l", 64, 100_000, 4, True),
        ("direct_l_rand", 64, 100_000, 4, True),
        ("direct_l_bobyqa", 64, 100_000, 4, True),
        ("direct_l_model", 64, 100_000, 4, True),
        ("tpe", 10, 100_000, 4, True),
        ("tpe", 64, 1_000, 64, True),
        ("tpe", 64, 100_000, 64, False),
        ("cmaes", 64, 100_000, 4, True),
        ("cmaes", 4_096, 1_000, 4, False),
        ("gp", 6, 950, 4, True),
        ("gp", 6, 2_000, 4, False),
        ("tune:hyperopt", 6, 1_300, 4, True),
        ("tune:hyperopt", 6, 5_000, 4, False),
        ("tune:bayesopt", 6, 2_500, 4, True),
        ("tune:bayesopt", 6, 10_000, 4, False),
        ("tune:nevergrad", 6, 40_000, 4, True),
        ("tune:nevergrad", 6, 100_000, 4, False),
        ("tune:ax", 6, 240, 4, True),
        ("tune:ax", 6, 1_000, 4, False),
    ],
)
def test_what_is_possible(
    sampler: str, dimension: int, n_trials: int, batch_size: int, *, is_possible: bool
) -> None:
    study = StudyPlan(dimension, n_trials, 1, batch_size=batch_size)
    assert (samplers.effort_of(sampler, study).excess <= 1.0) is is_possible


def test_usual_jobs_are_cheap_where_they_always_were() -> None:
    for name in ("direct_l", "direct_l_rand", "direct_l_bobyqa", "random", "qmc", "grid"):
        assert samplers.effort_of(name, StudyPlan(4, 1_000, 1)).is_cheap, name
    for name in ("tpe", "gp", "tune:hyperopt"):
        assert not samplers.effort_of(name, StudyPlan(1, 10, 1)).is_cheap, name


@pytest.mark.parametrize("info", samplers.catalogue(), ids=lambda info: info.name)
def test_more_of_anything_never_takes_less(info: samplers.SamplerInfo) -> None:
    efforts = [
        info.effort(StudyPlan(dimension, n_trials, 1, batch_size=batch_size))
        for dimension, n_trials, batch_size in [
            (1, 1, 1),
            (1, 1_000, 1),
            (64, 1_000, 1),
            (64, 1_000, 1_024),
            (4_096, 100_000, 1_024),
        ]
    ]
    for less, more in itertools.pairwise(efforts):
        assert less.work <= more.work
        assert less.memory_bytes <= more.memory_bytes


def test_the_job_that_held_every_post_is_refused() -> None:
    sampler = {"name": "tpe", "batch_size": 1024, "options": {"n_ei_candidates": 10_000}}
    (fault,) = faults_of(task=in_dimensions(64), samplers=["random", sampler])
    assert fault.pointer == "/samplers/1/options/n_ei_candidates"
    assert "times the work or memory" in fault.detail
    assert "lower n_ei_candidates to 24, and batch_size to 4, and n_trials to 100" in fault.detail


def test_the_remedy_works_and_one_more_does_not() -> None:
    wanted = {"name": "tpe", "batch_size": 128, "options": {"n_ei_candidates": 1_000}}
    (fault,) = faults_of(samplers=[wanted], budget={"n_trials": 2_000})
    assert fault.pointer == "/samplers/0/options/n_ei_candidates"
    remedies = dict(
        part.rsplit(" to ", 1)
        for part in fault.detail.partition(": lower ")[2]
        .removesuffix(", or use another sampler")
        .split(", or ")
    )
    assert set(remedies) == {"n_trials", "batch_size", "n_ei_candidates"}
    most = int(remedies["batch_size"].replace(",", ""))
    for batch_size, is_possible in ((most, True), (most + 1, False)):
        found = faults_of(
            samplers=[wanted | {"batch_size": batch_size}], budget={"n_trials": 2_000}
        )
        assert (not found) is is_possible


def test_a_tuned_control_counts_too() -> None:
    body = {
        "name": "tuned",
        "task": {"kind": "classification"},
        "samplers": ["random"],
        "controls": [{"name": "uniform_tuned", "sampler": "gp"}],
        "budget": {"n_trials": 5_000},
    }
    (fault,) = ask_limits.faults(resolved_jobs.resolved(body))
    assert fault.pointer == "/budget/n_trials"
    assert "gp" in fault.detail


def test_a_job_as_a_whole_must_fit_into_a_dispatcher() -> None:
    (fault,) = faults_of(budget={"n_trials": 100_000}, repeats=20)
    assert fault.pointer == "/budget/n_trials"
    assert "20 studies have 2,000,000 trials" in fault.detail
    (fault,) = faults_of(
        task=in_dimensions(64), budget={"n_trials": 100_000}, samplers=["random", "qmc"], repeats=2
    )
    assert "25,600,000 searched values" in fault.detail


def test_an_extension_points_to_its_own_field() -> None:
    job = resolved_jobs.resolved(
        {
            "name": "extended",
            "task": in_dimensions(6),
            "samplers": ["gp"],
            "budget": {"n_trials": 5_000},
        }
    )
    (fault,) = ask_limits.faults(job, "/n_trials")
    assert fault.pointer == "/n_trials"
    assert "batch_size" not in fault.detail
