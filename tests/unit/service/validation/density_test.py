"""What a spec may say of its density: scope, length, bounds."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import Fault, InvalidSpecError
from service.validation import parse

RESNET = {"kind": "resnet", "n_stages": 2, "depth": 1}
MIXED = {**RESNET, "kernel_size": [5, 3]}


def body(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "name": "n", "task": {"kind": "classification"}, "network": RESNET,
        "samplers": ["random"], "budget": {"n_trials": 3},
    }  # fmt: skip
    return given | changes


def bounds(**changes: Any) -> list[list[float]] | None:
    spec = parse.parse(body(**changes))
    assert spec.density is not None
    return spec.density.bounds


def faults(**changes: Any) -> list[Fault]:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse(body(**changes))
    return list(caught.value.faults)


def test_each_group_has_the_ranges_that_are_advised_for_its_size() -> None:
    # arXiv:2505.24558, for 5x5 and for 3x3.
    advised = [[0.05, 1.0], [0.5, 1.5], [0.5, 1.5]]
    assert bounds(network=MIXED, method=1) == advised
    assert bounds(network=MIXED, density={"ranges": "advised"}) == advised
    assert bounds(network=MIXED, density={"scope": "stage"}, method=1) == advised


@pytest.mark.parametrize("kernel_size", [3, 5, 7, 9])
@pytest.mark.parametrize("family", ["symmetric", "separable-symmetric", "radial"])
def test_the_plain_convolution_is_in_the_middle_of_the_ranges_that_are_not_given(
    family: str, kernel_size: int
) -> None:
    network = {**RESNET, "kernel_size": kernel_size}
    found = bounds(network=network, density={"family": family})
    assert found
    assert {(low + high) / 2.0 for low, high in found} == {1.0}
    assert bounds(network=network, density={"family": family, "ranges": "wide"}, method=1) == found


@pytest.mark.parametrize(
    ("factor", "place", "words"),
    [
        ([0.0, 2.0], "/density/factor/0", "above 0"),
        ([-1.0, 2.0], "/density/factor/0", "above 0"),
        ([2.0, 2.0], "/density/factor", "not below"),
        ([0.5, 1e7], "/density/factor/1", "1e6"),
        ([0.5], "/density/factor", "at least 2"),
        ([0.5, 1.0, 2.0], "/density/factor", "at most 2"),
        ([0.5, "x"], "/density/factor/1", "number"),
    ],
)
def test_a_range_of_the_factor_that_cannot_be_searched_is_refused(
    factor: list[object], place: str, words: str
) -> None:
    (fault,) = faults(density={"factor": factor})
    assert fault.pointer == place
    assert words in fault.detail


def test_the_first_method_searches_no_factor() -> None:
    (fault,) = faults(density={"factor": [0.5, 2.0]}, method=1)
    assert (fault.pointer, "leave it out" in fault.detail) == ("/density/factor", True)


def test_factors_count_among_the_values_of_a_search() -> None:
    network = {**RESNET, "kernel_size": 15}
    density = {"scope": "layer", "family": "separable-symmetric"}
    search = {"lr": {"low": 0.01, "high": 0.1, "log": True}}
    (first,) = faults(network=network, density=density, search=search, method=1)
    (second,) = faults(network=network, density=density, search=search)
    by_layer = bounds(network=network, density={"scope": "layer", "family": "gaussian"})
    n_layers = len(by_layer or [])
    assert int(second.detail.split()[0]) - int(first.detail.split()[0]) == n_layers


def test_the_ranges_of_one_group_are_everyones_where_all_have_as_many() -> None:
    own = {"scope": "stage", "bounds": [[0.0, 2.0]]}
    assert bounds(density=own) == [[0.0, 2.0]] * 2
    each = {"scope": "stage", "bounds": [[0.0, 2.0], [0.5, 1.0]]}
    assert bounds(density=each) == [[0.0, 2.0], [0.5, 1.0]]
    (fault,) = faults(network=MIXED, density={"bounds": [[0.0, 2.0]]})
    assert fault == Fault(
        "/density/bounds",
        "symmetric has 3 free values (5x5: 2, 3x3: 1), but bounds for 1 were given: give a pair "
        "for each, or leave bounds out",
    )


@pytest.mark.parametrize(
    ("changes", "pointer", "remedy"),
    [
        (
            {"network": {"kind": "small_cnn"}, "density": {"scope": "stage"}},
            "/density/scope", "small_cnn has no stages: use network or layer",
        ),
        (
            {"density": {"scope": "layer"}, "search": {"depth": {"choices": [1, 2]}}},
            "/density/scope", "use network or stage, or leave depth out",
        ),
        (
            {"network": {**RESNET, "depth": 16}, "density": {"scope": "layer"}},
            "/density/scope", "65 values are too many (at most 64): let more layers share",
        ),
        (
            {
                "network": {**RESNET, "depth": 16}, "density": {"scope": "layer"},
                "search": {"lr": {"low": 0.01, "high": 0.1}},
            },
            "/density/scope", "symmetric, gaussian or power, or search fewer settings",
        ),
        (
            {"network": {**RESNET, "kernel_size": 9}, "density": {"family": "full"}},
            "/density/family", "80 values are too many (at most 64): use a smaller kernel",
        ),
        (
            {"density": {"scope": "stage", "bounds": [[2.0, 1.0]]}},
            "/density/bounds/0", "not below",
        ),
        (
            {"network": {**MIXED, "kernel_size": [5, 3, 3]}},
            "/network/kernel_size", "give 2 of them (n_stages), not 3, or one size for all",
        ),
        (
            {"network": {**MIXED, "kernel_size": [5, 4]}},
            "/network/kernel_size/1", "use an odd size, 3 or 5",
        ),
        (
            {"network": {**MIXED, "kernel_size": [5, 33]}}, "/network/kernel_size/1", "31",
        ),
        (
            {
                "network": {"kind": "small_cnn", "depth": 2, "kernel_size": [5, 3]},
                "search": {"depth": {"low": 1, "high": 2, "integer": True}},
            },
            "/search/depth/low", "one size for all, which also allows to search depth",
        ),
        (
            {"task": {"kind": "classification", "dataset": "waveforms"}},
            "/network/kind", "does not fit signals such as waveforms: use small_cnn",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_remedy(
    changes: dict[str, Any], pointer: str, remedy: str
) -> None:
    (fault,) = faults(**changes)
    assert fault.pointer == pointer
    assert remedy in fault.detail
    assert "search n_stages" not in fault.detail  # which cannot be searched


def test_a_long_vector_is_refused_before_it_is_made() -> None:
    """Millions of free values, if they were listed."""
    network = {"kind": "dncnn", "depth": 64, "kernel_size": 31}
    task = {"kind": "denoising", "dataset": "phantoms", "patch_px": 16}
    (fault,) = faults(task=task, network=network, density={"scope": "layer", "family": "full"})
    assert fault.detail.startswith(f"{64 * (31**3 - 1)} values are too many")


def test_a_list_of_equal_sizes_is_that_size() -> None:
    spec = parse.parse(body(network={**RESNET, "kernel_size": [5, 5]}))
    assert spec == parse.parse(body(network={**RESNET, "kernel_size": 5}))


def test_what_depends_on_data_that_are_not_known_yet_is_left_open() -> None:
    spec = parse.parse(body(task={"kind": "classification", "dataset": "stored:12"}, samplers=[]))
    assert spec.density is None
    assert not spec.samplers
    data = {"n_dims": 3, "size_px": 32, "sha256": "0" * 64, "n_outputs": 2}
    task = {"kind": "classification", "dataset": "stored:12", "data": data}
    known = parse.parse(body(task=task, samplers=[], network=None, density={"family": "radial"}))
    assert known.network is not None
    assert known.network.kind == "small_cnn"
    # A cube of 3 taps has faces, edges and corners.
    assert known.density is not None
    assert known.density.bounds == [[0.0, 2.0]] * 3
    assert known.samplers


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"method": 1}, "method 2"), ({"samplers": ["gradient"]}, "gradient learns its density")],
)
def test_a_density_is_normalised_where_its_scale_is_the_jobs(
    changes: dict[str, Any], reason: str
) -> None:
    parse.parse(body(density={"normalised": True}))
    (fault,) = faults(density={"normalised": True}, **changes)
    assert fault.pointer == "/density/normalised"
    assert reason in fault.detail
