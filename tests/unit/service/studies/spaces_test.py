"""What each study of a job searches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from densearch.sampler import AxisKind
from service.studies import payloads
from service.studies.resolved import TrainingJob
from service.studies.search_space import FloatAxis
from service.studies.spaces import TUNED, at_best_rate, axis_kinds, centre_of, centred
from tests.support import resolved_jobs
from tests.support.resolved_jobs import photos


def middle_of(job: TrainingJob, name: str) -> payloads.Order:
    return searched(job, name, [0.5] * job.spaces.of(name).dimension)


def searched(job: TrainingJob, name: str, point: list[float]) -> payloads.Order:
    return payloads.searched(job, name, point)


def axes(job: TrainingJob, name: str) -> list[tuple[str, float, float]]:
    space = job.spaces.of(name)
    return [(a.name, a.low, a.high) for a in (*space.vector, *space.settings)]  # type: ignore[union-attr]


def test_every_tuned_control_has_a_space_of_its_own() -> None:
    controls = [*TUNED, "uniform", {"name": "linear"}]
    job = photos(controls=controls, training={"lr": 0.08}, method=1)
    lr: Any = ("lr", pytest.approx(0.01), pytest.approx(0.64))
    density = [("den[0]", 0.05, 1.0), ("den[1]", 0.5, 1.5)]
    assert axes(job, "direct_l") == density
    assert axes(job, "uniform_tuned") == axes(job, "default_init_tuned") == [lr]
    assert axes(job, "flat_tuned") == [("factor", 0.05, 1.5), lr]
    assert axes(job, "density_tuned") == [*density, lr]
    assert axes(job, "uniform") == axes(job, "linear") == []


def test_each_space_of_the_second_method_has_the_one_before_in_its_middle() -> None:
    job = photos(controls=[*TUNED, "uniform"], training={"lr": 0.08})
    lr, factor = ("lr", 0.01, 0.64), ("factor", 0.125, 8.0)
    density = [("den[0]", 0.0, 2.0), ("den[1]", 0.0, 2.0)]
    assert axes(job, "direct_l") == density
    assert axes(job, "uniform_tuned") == axes(job, "default_init_tuned") == [lr]
    assert axes(job, "flat_tuned") == [factor, lr]
    assert axes(job, "density_tuned") == [factor, *density, lr]
    order = {name: middle_of(job, name) for name in ("uniform", *TUNED)}
    assert len({order[name].digest for name in order if name != "default_init_tuned"}) == 1
    assert order["density_tuned"].payload["phi"] is None
    given = photos(controls=["flat_tuned"], density={"factor": [0.5, 2.0]})
    assert axes(given, "flat_tuned")[0] == ("factor", 0.5, 2.0)


def test_a_factor_of_a_shape_of_ones_is_the_flat_control() -> None:
    job = photos(controls=["flat_tuned", "density_tuned"], density={"scope": "layer"})
    n = len(job.groups)
    flat = searched(job, "flat_tuned", [0.3] * n + [0.5])
    shape = [u for _ in range(n) for u in (0.3, 0.5, 0.5)]
    density = searched(job, "density_tuned", [*shape, 0.5])
    assert density.digest == flat.digest
    found = list(density.params["factors"].values())
    assert found == pytest.approx([8.0 ** (2 * 0.3 - 1)] * n)


def test_the_scale_of_a_density_is_its_factor_alone() -> None:
    job = photos(controls=["density_tuned"])
    for u in (0.2, 0.5, 0.9):
        order = searched(job, "density_tuned", [u, 0.1, 0.8, 0.5])
        phi = np.array(order.payload["phi"])
        assert np.sqrt(np.mean(phi**2)) == pytest.approx(order.params["factor"], rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "uniform_tuned"),
        ({"method": 1}, None),
        ({"search": {"lr": {"low": 0.01, "high": 0.1}}}, None),
        ({"controls": ["flat_tuned"]}, None),
        (
            {"controls": ["uniform_tuned", {"name": "flat_tuned", "lr": {"low": 1, "high": 2}}]},
            None,
        ),
    ],
)
def test_a_range_that_is_not_given_lies_around_the_best_rate_of_the_plain_convolution(
    changes: dict[str, Any], expected: str | None
) -> None:
    job = photos(**{"controls": ["uniform_tuned", "flat_tuned"], **changes})
    assert centre_of(job.spec, "flat_tuned") == expected
    assert centre_of(job.spec, "uniform_tuned") is None


@pytest.mark.parametrize(("rate", "ends"), [(0.02, (0.0025, 0.16)), (500.0, (250.0, 1000.0))])
def test_a_range_around_a_rate_has_it_in_its_middle(
    rate: float, ends: tuple[float, float]
) -> None:
    space = centred(photos(controls=["flat_tuned"]).spaces.of("flat_tuned"), rate)
    (axis,) = space.settings
    assert isinstance(axis, FloatAxis)
    assert (axis.low, axis.high) == pytest.approx(ends)
    assert axis.value(0.5) == rate
    assert [own.name for own in space.vector] == ["factor"]


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
    search = {"lr": {"low": 0.01, "high": 1.0, "log": True}}
    space = photos(search=search, method=1).spaces.searches
    point = space.start([0.5, 1.25])
    assert list(space.split(point)[0]) == pytest.approx([0.5, 1.25])
    assert space.split(point)[1]["lr"] == pytest.approx(0.1)
    assert space.start([-3.0, 9.0])[:2] == (0.0, 1.0)  # the box holds


def test_a_learned_density_is_searched_at_the_trainings_own_settings() -> None:
    search = {"lr": {"low": 0.01, "high": 1.0, "log": True}}
    job = photos(samplers=["gradient", "random"], search=search)
    assert axes(job, "gradient") == axes(job, "random")[1:-1]


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


TUNED_RATE = {"tuned_rate": {}, "controls": ["uniform", "flat", "uniform_tuned", "flat_tuned"]}


def test_densities_are_trained_at_the_best_rate_of_the_plain_convolution() -> None:
    job = photos(samplers=["random"], **TUNED_RATE)
    names = [study.name for study in job.studies]
    centres = {name: centre_of(job.spec, name) for name in names}
    assert centres == {
        "random": "uniform_tuned",
        "uniform": None,
        "flat": "uniform_tuned",
        "uniform_tuned": None,
        "flat_tuned": "uniform_tuned",
    }
    space = at_best_rate(job.spec, "random", job.spaces.of("random"), 0.2)
    point = [0.5] * space.dimension
    assert space.split(point) == (job.spaces.of("random").split(point)[0], {"lr": 0.2})
    assert (space.is_rate_tuned, job.spaces.of("random").is_rate_tuned) == (True, False)
    around = at_best_rate(job.spec, "flat_tuned", job.spaces.of("flat_tuned"), 0.2)
    assert (around.rate, around.split([0.5, 0.5])[1]) == (None, {"lr": 0.2})
