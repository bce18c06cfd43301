"""The densities of several groups: what trains with which, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from densearch.density import families
from densearch.density.scale import matching_factor
from service import networks
from service.studies import payloads
from service.studies.densities import densities_at, with_factors
from service.studies.resolved import TrainingJob
from tests.support import resolved_jobs
from tests.support.resolved_jobs import photos

MIXED = {"kind": "resnet", "n_stages": 2, "depth": 1, "kernel_size": [5, 3]}
WIDE = ("features.0.0", "features.1.residual.0", "features.1.residual.3")
NARROW = ("features.2.residual.0", "features.2.residual.3")


def job_of(**changes: Any) -> TrainingJob:
    body: dict[str, Any] = {
        "name": "digits",
        "task": {"kind": "classification"},
        "network": MIXED,
        "samplers": ["random", "gradient"],
        "controls": ["uniform", "linear", "gaussian", "flat", "flat_tuned"],
        "budget": {"n_trials": 5},
    }
    return resolved_jobs.training(body | changes)


def at(job: TrainingJob, vector: list[float], arm: str = "random") -> payloads.Order:
    """Return the order of a vector in real units."""
    space = job.spaces.of(arm)
    return payloads.searched(job, arm, space.start(vector))


def lines(*halves: list[float]) -> list[list[list[float]]]:
    """Return for each half list its density by hand: outer products of the mirrored lists."""
    full = [np.array([*half, 1.0, *half[::-1]]) for half in halves]
    return [np.outer(line, line) for line in full]  # type: ignore[misc]


def test_every_layer_trains_with_the_density_of_its_group() -> None:
    order = at(job_of(), [0.3, 0.9, 1.2])
    assert list(order.payload["phi"]) == [*WIDE, *NARROW]
    wide, narrow = lines([0.3, 0.9], [1.2])
    for layer in WIDE:
        np.testing.assert_allclose(order.payload["phi"][layer], wide)
    for layer in NARROW:
        np.testing.assert_allclose(order.payload["phi"][layer], narrow)
    told = order.params["densities"]
    assert list(told) == ["5x5", "3x3"]
    assert told["5x5"] == pytest.approx([0.3, 0.9])
    assert told["3x3"] == pytest.approx([1.2])


@pytest.mark.parametrize("scope", ["network", "stage", "layer"])
def test_equal_densities_are_one_training_whatever_the_scope(scope: str) -> None:
    network = {**MIXED, "kernel_size": 3}
    one = at(job_of(network=network), [0.7])
    job = job_of(network=network, density={"scope": scope})
    n_values = job.spaces.searches.dimension
    assert n_values == {"network": 1, "stage": 2, "layer": 5}[scope]
    assert at(job, [0.7] * n_values).digest == one.digest
    for control in ("uniform", "linear", "gaussian"):
        assert at(job, [], control).digest == at(job_of(network=network), [], control).digest


def test_a_given_density_trains_as_one_that_was_found() -> None:
    """What it is called, who found it and in which order changes no training."""
    densities = [{"vector": [1.2]}, {"alpha": [0.3, 0.9, 1.0, 0.9, 0.3]}, {"vector": [0.1] * 3}]
    theirs = {"name": "fixed", "label": "theirs", "densities": densities}
    job = job_of(controls=["uniform", theirs, theirs | {"label": "again"}])
    order = at(job, [], "theirs")
    assert order.digest == at(job, [0.3, 0.9, 1.2]).digest == at(job, [], "again").digest
    assert order.params["densities"] == {"5x5": [0.3, 0.9], "3x3": [1.2]}
    plain = {
        "name": "fixed",
        "label": "plain",
        "densities": [{"vector": [1.0] * n} for n in (1, 2)],
    }
    assert at(job_of(controls=[plain]), [], "plain").digest == at(job, [], "uniform").digest


def test_layers_whose_density_is_one_stay_plain() -> None:
    job = job_of(network={**MIXED, "kernel_size": 3}, density={"scope": "stage"})
    order = at(job, [1.0, 0.6])
    assert list(order.payload["phi"]) == list(NARROW)
    assert at(job, [1.0, 1.0]).payload["phi"] is None


def test_controls_have_each_groups_own_size_and_scale() -> None:
    job = job_of()
    best = densities_at(job, "random", [0.2, 0.8, 0.5])
    flat = densities_at(job, "flat", (), best)
    for name, half in (("5x5", [0.2, 0.8]), ("3x3", [0.5])):
        (phi,) = lines(half)
        scale = float(np.sqrt(np.mean(np.square(phi))))
        np.testing.assert_allclose(flat[name].phi, scale)
    gaussian = densities_at(job, "gaussian", ())
    # Half the kernel's width each: 2 taps and 1.
    assert {name: one.vector for name, one in gaussian.items()} == {"5x5": (2.0,), "3x3": (1.0,)}
    assert at(job, [], "linear").params == {"density": "linear", "lr": 0.05}


def test_a_tuned_flat_has_a_factor_for_each_group() -> None:
    job = job_of()
    names = [axis.name for axis in job.spaces.of("flat_tuned").vector]
    assert names == ["5x5 factor", "3x3 factor"]
    order = at(job, [0.5, 0.75], "flat_tuned")
    assert np.asarray(order.payload["phi"][WIDE[0]]) == pytest.approx(np.full((5, 5), 0.5))
    assert np.asarray(order.payload["phi"][NARROW[0]]) == pytest.approx(np.full((3, 3), 0.75))


def test_a_gradient_training_learns_the_same_groups_and_is_judged_fixed() -> None:
    job = job_of(density={"scope": "stage"})
    order = payloads.searched(job, "gradient", [0.5] * 3)
    told = order.payload["gradient"]["groups"]
    assert [(g["name"], tuple(g["layers"]), g["kernel_size"]) for g in told] == [
        ("stage 1", WIDE, 5), ("stage 2", NARROW, 3)
    ]  # fmt: skip
    # As near to the plain convolution as the advised ranges allow.
    assert [g["start"] for g in told] == [[1.0, 1.0], [1.0]]
    learned = {"groups": {"stage 1": [0.3, 0.9], "stage 2": [1.2]}}
    test = payloads.evaluated(job, order.params, order.payload, 0, learned)
    assert test.payload["phi"] == at(job, [0.3, 0.9, 1.2]).payload["phi"]
    assert "gradient" not in test.payload
    assert payloads.learned_params(job, order.params, learned) == {
        "densities": {"stage 1": [0.3, 0.9], "stage 2": [1.2]}, "lr": 0.05,
    }  # fmt: skip


def test_a_searched_depth_weighs_the_layers_that_are_there() -> None:
    search = {"depth": {"low": 1, "high": 3, "integer": True}}
    job = job_of(search=search, samplers=["random"], density={"scope": "stage"})
    space = job.spaces.searches
    for depth, u in ((1, 0.0), (2, 0.5), (3, 0.999)):
        point = [*space.start([0.3, 0.9, 1.2])[:-1], u]
        order = payloads.searched(job, "random", point)
        network = {**MIXED, "depth": depth}
        assert order.payload["network"]["depth"] == depth
        info = networks.describe("resnet")
        told = networks.layers_of(info.section.model_validate(network))
        assert sorted(order.payload["phi"]) == sorted(layer.name for layer in told)


@pytest.mark.parametrize(("dataset", "n_dims"), [("waveforms", 1), ("digits", 2)])
def test_densities_have_the_axes_of_the_data(dataset: str, n_dims: int) -> None:
    job = job_of(
        task={"kind": "classification", "dataset": dataset}, network={"kind": "small_cnn"},
        density={"family": "separable"},
    )  # fmt: skip
    (group,) = job.groups
    assert group.n_dims == n_dims
    assert len(job.density.bounds or []) == 2 * n_dims
    order = at(job, [0.5] * 2 * n_dims)
    assert np.asarray(order.payload["phi"]).shape == (3,) * n_dims


def test_a_vector_without_factors_gets_the_scale_of_its_density() -> None:
    job = photos(search={"lr": {"low": 0.01, "high": 1.0}})
    given = [0.5, 1.5]
    scale, *shape = with_factors(job, given)
    assert shape == given
    density = families.build("symmetric", 5, given)
    assert scale == matching_factor(density)
    again = densities_at(job, "direct_l", [scale, *shape])
    assert again[""].phi == pytest.approx(density.phi, rel=1e-12)
    assert with_factors(job, [2.0, *given]) == [2.0, *given]


class TestNormalised:
    GAUSSIAN: Mapping[str, Any] = {
        "family": "gaussian",
        "bounds": [[0.5, 4.0]],
        "normalised": True,
    }

    def job(self, **changes: Any) -> TrainingJob:
        network = {"kind": "small_cnn", "kernel_size": 5}
        given: dict[str, Any] = {
            "network": network,
            "samplers": ["grid"],
            "density": dict(self.GAUSSIAN),
        }
        return job_of(**given | changes)

    def test_a_density_has_a_scale_of_1_and_its_own_shape(self) -> None:
        (found,) = densities_at(self.job(), "grid", [1.25]).values()
        shape = families.build("gaussian", 5, [1.25]).phi
        assert matching_factor(found) == pytest.approx(1.0, rel=1e-12)
        assert found.phi / found.phi[2, 2] == pytest.approx(shape / shape[2, 2], rel=1e-12)

    def test_widths_are_searched_logarithmically(self) -> None:
        (axis,) = self.job().spaces.of("grid").vector
        assert axis.value(0.5) == pytest.approx((0.5 * 4.0) ** 0.5)
        plain = {**self.GAUSSIAN, "normalised": False}
        (axis,) = self.job(density=plain).spaces.of("grid").vector
        assert axis.value(0.5) == pytest.approx(2.25)

    def test_a_spec_without_it_is_stored_as_before(self) -> None:
        spec = self.job(density={"family": "gaussian"}).spec.model_dump(mode="json")
        assert "normalised" not in spec["density"]
        assert self.job().spec.model_dump(mode="json")["density"]["normalised"] is True

    def test_where_the_rate_is_searched_the_factor_is(self) -> None:
        search = {"lr": {"low": 0.01, "high": 1.0, "log": True}}
        (found,) = densities_at(self.job(search=search), "grid", [2.0, 1.25]).values()
        assert matching_factor(found) == pytest.approx(2.0, rel=1e-12)
