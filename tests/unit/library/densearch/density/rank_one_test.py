"""The nearest separable density, against numpy's singular values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from densearch.density.rank_one import outer, rank_one


def test_two_axes_have_the_leading_singular_vectors() -> None:
    phi = np.random.default_rng(0).uniform(0.1, 1.5, (5, 5))
    (alpha, beta), residual = rank_one(phi)
    u, s, vt = np.linalg.svd(phi)
    np.testing.assert_allclose(np.outer(alpha, beta), s[0] * np.outer(u[:, 0], vt[0]))
    assert residual == pytest.approx(math.sqrt((s[1:] ** 2).sum() / (s**2).sum()))
    assert alpha[2] == pytest.approx(beta[2]), "the factors agree at the centre"


@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_what_is_separable_has_no_residual(n_dims: int) -> None:
    lines = [np.array([0.3, 1.0, 0.3]), np.array([2.0, 1.0, 0.5]), np.array([1.0, 1.0, 0.1])]
    phi = outer(lines[:n_dims])
    factors, residual = rank_one(phi)
    assert residual == 0.0
    assert len(factors) == n_dims
    np.testing.assert_allclose(outer(factors), phi, rtol=1e-12)


def test_the_factors_of_a_volume_cannot_be_bettered_nearby() -> None:
    generator = np.random.default_rng(1)
    phi = generator.uniform(0.1, 1.5, (3, 3, 3))
    factors, residual = rank_one(phi)
    assert 0.0 < residual < 1.0
    for _ in range(50):
        moved = [factor + generator.normal(0, 1e-3, 3) for factor in factors]
        error = np.linalg.norm(phi - np.einsum("i,j,k->ijk", *moved))
        assert error >= residual * np.linalg.norm(phi)


CORNERS = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0], [4.0, 0.0, 2.0]])


@pytest.mark.parametrize(
    "phi", [-np.ones((3, 3)), CORNERS, -CORNERS], ids=["negative", "none", "-none"]
)
def test_a_density_without_weight_on_its_centre_has_factors_too(phi: np.ndarray) -> None:
    factors, residual = rank_one(phi)
    np.testing.assert_allclose(outer(factors), phi, atol=1e-12)
    assert residual == 0.0
    norms = [np.linalg.norm(factor) for factor in factors]
    assert norms[0] == pytest.approx(norms[1]), "the scale is shared"
