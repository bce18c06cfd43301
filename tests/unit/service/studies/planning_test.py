"""Which studies a spec asks for, and what each searches."""

from __future__ import annotations

from typing import Any

import pytest

from densearch import seeds
from densearch.sampler import AxisKind
from service.jobs import commands
from service.spec import JobSpec
from service.states import Role
from service.studies import planning
from service.validation import parse


def spec_of(**changes: object) -> JobSpec:
    body: dict[str, object] = {
        "name": "photos",
        "task": {"kind": "denoising"},
        "network": {"kind": "dncnn", "kernel_size": 5},
        "samplers": ["direct_l", "tpe"],
        "budget": {"n_trials": 10},
    }
    return parse.parse(body | changes)


def axes(spec: JobSpec, name: str) -> list[tuple[str, float, float]]:
    space = planning.space_of(spec, name)
    return [(a.name, a.low, a.high) for a in (*space.vector, *space.settings)]  # type: ignore[union-attr]


def test_seeds_belong_to_names() -> None:
    plain = {study.name: study for study in planning.planned(spec_of())}
    repeated = {study.name: study for study in planning.planned(spec_of(repeats=2))}
    assert plain["tpe"].seed == seeds.derive(0, "search", "tpe") == repeated["tpe-1"].seed
    assert repeated["tpe-2"].seed not in {plain["tpe"].seed, plain["direct_l"].seed}
    assert "direct_l-2" not in repeated


def test_every_tuned_control_has_a_space_of_its_own() -> None:
    controls = [*planning.TUNED, "uniform", {"name": "linear"}]
    spec = spec_of(controls=controls, training={"lr": 0.08})
    lr: Any = ("lr", pytest.approx(0.01), pytest.approx(0.64))
    density = [("den[0]", 0.05, 1.0), ("den[1]", 0.5, 1.5)]
    assert axes(spec, "direct_l") == density
    assert axes(spec, "uniform_tuned") == axes(spec, "default_init_tuned") == [lr]
    assert axes(spec, "flat_tuned") == [("factor", 0.05, 1.5), lr]
    assert axes(spec, "density_tuned") == [*density, lr]
    assert axes(spec, "uniform") == axes(spec, "linear") == []
    roles = {study.name: (study.role, study.n_trials) for study in planning.planned(spec)}
    assert roles["flat_tuned"] == (Role.TUNED, 10)
    assert roles["uniform"] == (Role.CONTROL, 1)


def test_tuned_controls_search_the_other_settings_too() -> None:
    search = {
        "weight_decay": {"low": 1e-5, "high": 1e-2, "log": True},
        "lr": {"low": 0.001, "high": 0.1, "log": True},
    }
    spec = spec_of(search=search, controls=["uniform_tuned"])
    assert axes(spec, "uniform_tuned") == [("weight_decay", 1e-5, 1e-2), ("lr", 0.001, 0.1)]
    given = {"name": "uniform_tuned", "lr": {"low": 0.5, "high": 0.6}}
    assert axes(spec_of(search=search, controls=[given]), "uniform_tuned")[1] == ("lr", 0.5, 0.6)


def test_what_tunes_a_control_can_do_what_is_asked() -> None:
    choices = {"optimizer": {"choices": ["sgd", "adam"]}}
    spec = spec_of(samplers=["gradient", "tpe"], controls=["uniform_tuned"], search=choices)
    assert [s.sampler for s in planning.planned(spec)] == ["gradient", "tpe", "tpe"]
    alone = spec_of(samplers=["gradient"], controls=["uniform_tuned"], search=choices)
    assert [s.sampler for s in planning.planned(alone)] == ["gradient", "tpe"]


def test_axes_say_what_they_stand_for() -> None:
    search = {
        "batch_size": {"low": 16, "high": 128, "integer": True},
        "width": {"low": 4, "high": 64, "integer": True, "log": True},
        "nesterov": {"choices": [False, True]},
    }
    space = planning.space_of(spec_of(samplers=["random"], search=search))
    assert planning.axis_kinds(space) == (
        AxisKind(),
        AxisKind(),
        AxisKind(113),
        AxisKind(),
        AxisKind(2, is_ordered=False),
    )


def test_a_start_is_the_point_of_its_vector() -> None:
    space = planning.space_of(spec_of(search={"lr": {"low": 0.01, "high": 1.0, "log": True}}))
    point = space.start([0.5, 1.25])
    assert list(space.split(point)[0]) == pytest.approx([0.5, 1.25])
    assert space.split(point)[1]["lr"] == pytest.approx(0.1)
    assert space.start([-3.0, 9.0])[:2] == (0.0, 1.0)  # the box holds


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
