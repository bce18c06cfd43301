"""The densities of several groups: what trains with which, and how they are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service import networks
from service.spec import JobSpec
from service.studies import payloads, planning
from service.studies.densities import densities_at
from service.studies.layer_groups import groups_of
from service.validation import parse

MIXED = {"kind": "resnet", "n_stages": 2, "depth": 1, "kernel_size": [5, 3]}
WIDE = ("features.0.0", "features.1.residual.0", "features.1.residual.3")
NARROW = ("features.2.residual.0", "features.2.residual.3")


def spec_of(**changes: Any) -> JobSpec:
    body: dict[str, Any] = {
        "name": "digits",
        "task": {"kind": "classification"},
        "network": MIXED,
        "samplers": ["random", "gradient"],
        "controls": ["uniform", "linear", "gaussian", "flat", "flat_tuned"],
        "budget": {"n_trials": 5},
    }
    return parse.parse(body | changes)


def at(spec: JobSpec, vector: list[float], arm: str = "random") -> payloads.Order:
    """Return the order of a vector in real units."""
    space = planning.space_of(spec, arm)
    return payloads.searched(spec, space, arm, space.start(vector))


def lines(*halves: list[float]) -> list[list[list[float]]]:
    """Return for each half list its density by hand: outer products of the mirrored lists."""
    full = [np.array([*half, 1.0, *half[::-1]]) for half in halves]
    return [np.outer(line, line) for line in full]  # type: ignore[misc]


def test_every_layer_trains_with_the_density_of_its_group() -> None:
    order = at(spec_of(), [0.3, 0.9, 1.2])
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
    one = at(spec_of(network=network), [0.7])
    spec = spec_of(network=network, density={"scope": scope})
    n_values = planning.space_of(spec).dimension
    assert n_values == {"network": 1, "stage": 2, "layer": 5}[scope]
    assert at(spec, [0.7] * n_values).digest == one.digest
    for control in ("uniform", "linear", "gaussian"):
        assert at(spec, [], control).digest == at(spec_of(network=network), [], control).digest


def test_layers_whose_density_is_one_stay_plain() -> None:
    spec = spec_of(network={**MIXED, "kernel_size": 3}, density={"scope": "stage"})
    order = at(spec, [1.0, 0.6])
    assert list(order.payload["phi"]) == list(NARROW)
    assert at(spec, [1.0, 1.0]).payload["phi"] is None


def test_controls_have_each_groups_own_size_and_scale() -> None:
    spec = spec_of()
    best = densities_at(spec, "random", [0.2, 0.8, 0.5])
    flat = densities_at(spec, "flat", (), best)
    for name, half in (("5x5", [0.2, 0.8]), ("3x3", [0.5])):
        (phi,) = lines(half)
        scale = float(np.sqrt(np.mean(np.square(phi))))
        np.testing.assert_allclose(flat[name].phi, scale)
    gaussian = densities_at(spec, "gaussian", ())
    # Half the kernel's width each: 2 taps and 1.
    assert {name: one.vector for name, one in gaussian.items()} == {"5x5": (2.0,), "3x3": (1.0,)}
    assert at(spec, [], "linear").params == {"density": "linear", "lr": 0.05}


def test_a_tuned_flat_has_a_factor_for_each_group() -> None:
    spec = spec_of()
    names = [axis.name for axis in planning.space_of(spec, "flat_tuned").vector]
    assert names == ["5x5 factor", "3x3 factor"]
    order = at(spec, [0.5, 0.75], "flat_tuned")
    assert np.asarray(order.payload["phi"][WIDE[0]]) == pytest.approx(np.full((5, 5), 0.5))
    assert np.asarray(order.payload["phi"][NARROW[0]]) == pytest.approx(np.full((3, 3), 0.75))


def test_a_gradient_training_learns_the_same_groups_and_is_judged_fixed() -> None:
    spec = spec_of(density={"scope": "stage"})
    order = payloads.searched(spec, planning.space_of(spec, "gradient"), "gradient", [0.5] * 3)
    told = order.payload["gradient"]["groups"]
    assert [(g["name"], tuple(g["layers"]), g["kernel_size"]) for g in told] == [
        ("stage 1", WIDE, 5), ("stage 2", NARROW, 3)
    ]  # fmt: skip
    # As near to the plain convolution as the advised ranges allow.
    assert [g["start"] for g in told] == [[1.0, 1.0], [1.0]]
    learned = {"groups": {"stage 1": [0.3, 0.9], "stage 2": [1.2]}}
    test = payloads.evaluated(spec, order.params, order.payload, 0, learned)
    assert test.payload["phi"] == at(spec, [0.3, 0.9, 1.2]).payload["phi"]
    assert "gradient" not in test.payload
    assert payloads.learned_params(spec, order.params, learned) == {
        "densities": {"stage 1": [0.3, 0.9], "stage 2": [1.2]}, "lr": 0.05,
    }  # fmt: skip


def test_a_searched_depth_weighs_the_layers_that_are_there() -> None:
    search = {"depth": {"low": 1, "high": 3, "integer": True}}
    spec = spec_of(search=search, samplers=["random"], density={"scope": "stage"})
    space = planning.space_of(spec)
    for depth, u in ((1, 0.0), (2, 0.5), (3, 0.999)):
        point = [*space.start([0.3, 0.9, 1.2])[:-1], u]
        order = payloads.searched(spec, space, "random", point)
        network = {**MIXED, "depth": depth}
        assert order.payload["network"]["depth"] == depth
        info = networks.describe("resnet")
        told = networks.layers_of(info.section.model_validate(network))
        assert sorted(order.payload["phi"]) == sorted(layer.name for layer in told)


@pytest.mark.parametrize(("dataset", "n_dims"), [("waveforms", 1), ("digits", 2)])
def test_densities_have_the_axes_of_the_data(dataset: str, n_dims: int) -> None:
    spec = spec_of(
        task={"kind": "classification", "dataset": dataset}, network={"kind": "small_cnn"},
        density={"family": "separable"},
    )  # fmt: skip
    (group,) = groups_of(spec)
    assert group.n_dims == n_dims
    assert len(spec.density.bounds or []) == 2 * n_dims  # type: ignore[union-attr]
    order = at(spec, [0.5] * 2 * n_dims)
    assert np.asarray(order.payload["phi"]).shape == (3,) * n_dims
