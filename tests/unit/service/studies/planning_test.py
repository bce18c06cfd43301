"""Which studies a spec asks for, and what each searches."""

from __future__ import annotations

import pytest

from densearch import seeds
from service.jobs import commands
from service.states import Role
from tests.support.resolved_jobs import photos


def test_seeds_belong_to_names() -> None:
    plain = {study.name: study for study in photos().studies}
    repeated = {study.name: study for study in photos(repeats=2).studies}
    assert plain["tpe"].seed == seeds.derive(0, "search", "tpe") == repeated["tpe-1"].seed
    assert repeated["tpe-2"].seed not in {plain["tpe"].seed, plain["direct_l"].seed}
    assert "direct_l-2" not in repeated


def test_what_tunes_a_control_can_do_what_is_asked() -> None:
    choices = {"optimizer": {"choices": ["sgd", "adam"]}}
    job = photos(samplers=["gradient", "tpe"], controls=["uniform_tuned"], search=choices)
    assert [s.sampler for s in job.studies] == ["gradient", "tpe", "tpe"]
    alone = photos(samplers=["gradient"], controls=["uniform_tuned"], search=choices)
    assert [s.sampler for s in alone.studies] == ["gradient", "tpe"]


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        # The examples of RFC 7396, appendix A.
        ({"a": "c"}, {"a": "c", "b": "c"}),
        ({"a": None}, {"b": "c"}),
        ({"b": {"c": "d"}}, {"a": "b", "b": {"c": "d"}}),
        ({"a": ["c"]}, {"a": ["c"], "b": "c"}),
        ({}, {"a": "b", "b": "c"}),
    ],
)
def test_a_merge_patch(patch: object, expected: object) -> None:
    assert commands.merged({"a": "b", "b": "c"}, patch) == expected


def test_a_tuned_control_has_the_budget_of_a_search_and_a_fixed_one_a_single_trial() -> None:
    roles = {
        study.name: (study.role, study.n_trials)
        for study in photos(controls=["flat_tuned", "uniform"], method=1).studies
    }
    assert roles["flat_tuned"] == (Role.TUNED, 10)
    assert roles["uniform"] == (Role.CONTROL, 1)


@pytest.mark.parametrize(
    ("kernel_size", "n_trials", "expected"),
    [
        # One, two and four values; the searches of 5x5 kernels have two.
        (5, 40, (20, 40, 80)),
        (5, 13, (8, 16, 32)),  # at least eight for each value
        (5, 3, (3, 6, 12)),  # a small budget stays small
        (3, 12, (12, 24, 36)),
        (7, 48, (16, 32, 80)),
    ],
)
def test_tuned_controls_have_trials_in_proportion_to_what_they_search(
    kernel_size: int, n_trials: int, expected: tuple[int, ...]
) -> None:
    job = photos(
        network={"kind": "dncnn", "kernel_size": kernel_size},
        samplers=["direct_l"],
        controls=["uniform_tuned", "flat_tuned", "density_tuned"],
        budget={"n_trials": n_trials},
    )
    assert [study.n_trials for study in job.studies] == [n_trials, *expected]
