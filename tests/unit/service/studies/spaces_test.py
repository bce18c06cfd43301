"""What each study of a job searches."""

from __future__ import annotations

from typing import Any

import pytest

from densearch.sampler import AxisKind
from service.studies.resolved import TrainingJob
from service.studies.spaces import TUNED, axis_kinds
from tests.support import resolved_jobs
from tests.support.resolved_jobs import photos


def axes(job: TrainingJob, name: str) -> list[tuple[str, float, float]]:
    space = job.spaces.of(name)
    return [(a.name, a.low, a.high) for a in (*space.vector, *space.settings)]  # type: ignore[union-attr]


def test_every_tuned_control_has_a_space_of_its_own() -> None:
    controls = [*TUNED, "uniform", {"name": "linear"}]
    job = photos(controls=controls, training={"lr": 0.08})
    lr: Any = ("lr", pytest.approx(0.01), pytest.approx(0.64))
    density = [("den[0]", 0.05, 1.0), ("den[1]", 0.5, 1.5)]
    assert axes(job, "direct_l") == density
    assert axes(job, "uniform_tuned") == axes(job, "default_init_tuned") == [lr]
    assert axes(job, "flat_tuned") == [("factor", 0.05, 1.5), lr]
    assert axes(job, "density_tuned") == [*density, lr]
    assert axes(job, "uniform") == axes(job, "linear") == []


def test_tuned_controls_search_the_other_settings_too() -> None:
    search = {
        "weight_decay": {"low": 1e-5, "high": 1e-2, "log": True},
        "lr": {"low": 0.001, "high": 0.1, "log": True},
    }
    job = photos(search=search, controls=["uniform_tuned"])
    assert axes(job, "uniform_tuned") == [("weight_decay", 1e-5, 1e-2), ("lr", 0.001, 0.1)]
    given = {"name": "uniform_tuned", "lr": {"low": 0.5, "high": 0.6}}
    assert axes(photos(search=search, controls=[given]), "uniform_tuned")[1] == ("lr", 0.5, 0.6)


def test_axes_say_what_they_stand_for() -> None:
    search = {
        "batch_size": {"low": 16, "high": 128, "integer": True},
        "width": {"low": 4, "high": 64, "integer": True, "log": True},
        "nesterov": {"choices": [False, True]},
    }
    space = photos(samplers=["random"], search=search).spaces.searches
    assert axis_kinds(space) == (
        AxisKind(),
        AxisKind(),
        AxisKind(113),
        AxisKind(),
        AxisKind(2, is_ordered=False),
    )


def test_a_start_is_the_point_of_its_vector() -> None:
    space = photos(search={"lr": {"low": 0.01, "high": 1.0, "log": True}}).spaces.searches
    point = space.start([0.5, 1.25])
    assert list(space.split(point)[0]) == pytest.approx([0.5, 1.25])
    assert space.split(point)[1]["lr"] == pytest.approx(0.1)
    assert space.start([-3.0, 9.0])[:2] == (0.0, 1.0)  # the box holds


def test_a_learned_density_is_searched_at_the_trainings_own_settings() -> None:
    search = {"lr": {"low": 0.01, "high": 1.0, "log": True}}
    job = photos(samplers=["gradient", "random"], search=search)
    assert axes(job, "gradient") == axes(job, "random")[:-1]


def test_a_function_has_the_unit_cube_for_every_study() -> None:
    job = resolved_jobs.resolved(
        {
            "name": "f",
            "task": {"kind": "function", "name": "sphere", "dimension": 3},
            "samplers": ["random"],
            "budget": {"n_trials": 1},
        }
    )
    assert job.spaces.of("random") is job.spaces.searches
    assert [(a.name, a.low, a.high) for a in job.spaces.searches.vector] == [
        ("x0", 0.0, 1.0), ("x1", 0.0, 1.0), ("x2", 0.0, 1.0),
    ]  # fmt: skip
