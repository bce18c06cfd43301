"""Densities by their values: which kernels they are for, and what they become."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.control_sections import GivenDensity
from service.studies.given_densities import density_of, faults_in, fits
from service.studies.layer_groups import Group

HALF = [0.3, 1.5]
LINE = [0.3, 1.5, 1.0, 1.5, 0.3]
OTHER = [0.1, 0.2, 1.0, 0.2, 0.1]
ONE_SIDED = [0.1, 0.2, 1.0, 0.4, 0.8]


def given(**fields: Any) -> GivenDensity:
    return GivenDensity.model_validate(fields)


def kernels(size: int, n_dims: int = 2) -> Group:
    return Group("", ("layer",), size, n_dims)


@pytest.mark.parametrize(
    ("fields", "sizes"),
    [
        ({"vector": [0.5]}, [3]),
        ({"vector": HALF}, [5]),
        ({"vector": [1.0] * 8, "family": "full"}, [3]),
        ({"vector": [1.0] * 8, "family": "separable"}, [5]),
        ({"vector": [1.0], "family": "gaussian"}, [3, 5, 7]),
        ({"alpha": LINE}, [5]),
    ],
)
def test_it_is_for_the_kernels_that_have_as_many_values(
    fields: dict[str, Any], sizes: list[int]
) -> None:
    assert [size for size in (3, 5, 7) if fits(given(**fields), kernels(size))] == sizes


@pytest.mark.parametrize(
    ("fields", "factors", "family"),
    [
        ({"vector": HALF}, (LINE, LINE), "symmetric"),
        ({"alpha": LINE}, (LINE, LINE), "symmetric"),
        ({"alpha": LINE, "beta": LINE}, (LINE, LINE), "symmetric"),
        ({"alpha": LINE, "beta": OTHER}, (LINE, OTHER), "separable-symmetric"),
        ({"alpha": ONE_SIDED}, (ONE_SIDED, ONE_SIDED), "separable"),
        ({"alpha": ONE_SIDED, "beta": LINE}, (ONE_SIDED, LINE), "separable"),
    ],
)
def test_lists_are_multiplied_and_are_of_the_narrowest_family(
    fields: dict[str, Any], factors: tuple[list[float], list[float]], family: str
) -> None:
    found = density_of([given(**fields)], kernels(5))
    np.testing.assert_allclose(found.phi, np.outer(*factors), rtol=1e-15)
    assert found.family == family
    assert found.factor is None


def test_signals_have_one_list_and_volumes_three() -> None:
    np.testing.assert_array_equal(density_of([given(alpha=LINE)], kernels(5, 1)).phi, LINE)
    volume = density_of([given(alpha=LINE, gamma=OTHER)], kernels(5, 3)).phi
    np.testing.assert_allclose(volume, np.einsum("i,j,k->ijk", LINE, LINE, OTHER), rtol=1e-15)


def test_a_factor_is_the_root_mean_square() -> None:
    found = density_of([given(vector=HALF, factor=0.7)], kernels(5))
    assert np.sqrt(np.mean(found.phi**2)) == pytest.approx(0.7)
    np.testing.assert_allclose(found.phi / found.phi[2, 2], np.outer(LINE, LINE))


def test_of_a_list_the_one_for_the_kernels_is_taken() -> None:
    listed = [given(vector=[0.5]), given(vector=HALF)]
    assert density_of(listed, kernels(3)).vector == (0.5,)
    assert density_of(listed, kernels(5)).vector == (0.3, 1.5)
    with pytest.raises(ValueError, match="no density for 7x7 kernels"):
        density_of(listed, kernels(7))


@pytest.mark.parametrize(
    ("fields", "n_dims", "field", "words"),
    [
        ({}, 2, "", "either vector"),
        ({"vector": [1.0], "alpha": LINE}, 2, "", "either vector"),
        ({"vector": HALF, "beta": LINE}, 2, "/beta", "belongs to alpha"),
        ({"alpha": LINE, "family": "full"}, 2, "/family", "belongs to vector"),
        ({"alpha": [1.0] * 4}, 2, "/alpha", "an odd number"),
        ({"alpha": LINE, "beta": [1.0] * 3}, 2, "/beta", "has 3 values, alpha 5"),
        ({"alpha": [0.5, 2.0, 0.5]}, 2, "/alpha", "has 2 at its centre in place of 1: divide"),
        ({"alpha": LINE, "beta": LINE}, 1, "/beta", "the kernels have 1 axes"),
        ({"alpha": LINE, "gamma": LINE}, 2, "/gamma", "the kernels have 2 axes"),
    ],
)
def test_what_is_no_density_is_refused_at_its_field(
    fields: dict[str, Any], n_dims: int, field: str, words: str
) -> None:
    ((found, detail),) = faults_in(given(**fields), n_dims)
    assert found == field
    assert words in detail
