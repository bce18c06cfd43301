"""Receptive fields against scipy's convolution and against the gradients of random chains."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import convolve

from api.dashboard.figures.receptive_fields import (
    radial_profile,
    radius_of_share,
    receptive_field,
    within_radius,
)


def density(size: int, seed: int, n_dims: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.1, 1.5, (size,) * n_dims)


@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_a_field_is_the_convolution_of_the_squares(n_dims: int) -> None:
    phis = [density(size, size, n_dims) for size in (3, 5, 3)]
    expected = np.ones((1,) * n_dims)
    for phi in phis:
        expected = convolve(expected, phi**2)
    field = receptive_field(phis)
    assert field is not None
    np.testing.assert_allclose(field, expected / expected.sum(), atol=1e-14)


def test_a_field_is_the_variance_of_the_gradient_of_random_chains() -> None:
    # The gradient of a chain with one channel is the convolution of its weighted kernels.
    random = np.random.default_rng(5)
    phis = [density(3, 1), density(3, 2)]
    sums = np.zeros((5, 5))
    for _ in range(20_000):
        first, second = (phi * random.normal(size=(3, 3)) for phi in phis)
        sums += convolve(first, second) ** 2
    field = receptive_field(phis)
    assert field is not None
    np.testing.assert_allclose(field, sums / sums.sum(), rtol=0.15)


def test_what_is_too_large_or_0_has_no_field() -> None:
    assert receptive_field([np.ones((31, 31, 31))] * 10) is None
    assert receptive_field([np.zeros((3, 3))]) is None


def test_a_profile_is_the_mean_of_each_ring() -> None:
    phi = np.arange(25.0).reshape(5, 5)
    radii, means = radial_profile(phi)
    assert radii[:3] == [0.0, 1.0, pytest.approx(np.sqrt(2))]
    assert means[0] == 12.0
    assert means[1] == np.mean([7, 11, 13, 17])
    assert radial_profile(np.array([1.0, 2.0, 4.0])) == ([0.0, 1.0], [2.0, 2.5])


def test_shares_grow_to_1_and_a_radius_holds_its_share() -> None:
    field = receptive_field([np.ones((3, 3))])
    assert field is not None
    radii, shares = within_radius(field)
    np.testing.assert_allclose(shares, [1 / 9, 5 / 9, 1.0])
    assert radius_of_share(radii, shares, 5 / 9) == 1.0
    assert radius_of_share(radii, shares, 0.6) == pytest.approx(np.sqrt(2))
