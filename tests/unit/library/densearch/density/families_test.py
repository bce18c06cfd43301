"""Search vectors to densities, checked against the formulas of MATH and numpy's SVD."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from densearch.density import families, ranges

COUNTS = {  # free values of a 5 x 5 kernel, counted on paper
    "symmetric": 2,
    "separable-symmetric": 4,
    "separable": 8,
    "radial": 5,
    "full": 24,
    "gaussian": 1,
    "power": 2,
}


@pytest.mark.parametrize(("family", "count"), COUNTS.items())
def test_free_values(family: str, count: int) -> None:
    assert families.n_free(family, 5) == count
    assert len(ranges.default_bounds(family, 5)) == count
    assert len(set(families.describe(family, 5))) == count


def test_every_family_is_counted() -> None:
    assert set(COUNTS) == set(families.FAMILIES)


def test_den_is_outermost_first() -> None:
    built = families.build("symmetric", 5, [0.3, 1.5])
    line = np.array([0.3, 1.5, 1.0, 1.5, 0.3])
    np.testing.assert_array_equal(built.alpha, line)
    np.testing.assert_array_equal(built.beta, line)
    np.testing.assert_array_equal(built.phi, line[:, None] * line[None, :])
    assert built.den == [0.3, 1.5]
    assert built.residual == 0.0


def test_separable_families_keep_their_axes_apart() -> None:
    mirrored = families.build("separable-symmetric", 3, [0.5, 2.0])
    np.testing.assert_array_equal(mirrored.alpha, [0.5, 1.0, 0.5])
    np.testing.assert_array_equal(mirrored.beta, [2.0, 1.0, 2.0])
    assert mirrored.den is None
    free = families.build("separable", 3, [0.1, 0.2, 0.3, 0.4])
    np.testing.assert_array_equal(free.phi, np.outer([0.1, 1.0, 0.2], [0.3, 1.0, 0.4]))
    volume = families.build("separable", 3, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], n_dims=3)
    expected = np.einsum("i,j,k->ijk", [0.1, 1.0, 0.2], [0.3, 1.0, 0.4], [0.5, 1.0, 0.6])
    np.testing.assert_allclose(volume.phi, expected, rtol=1e-15)


def test_radial_depends_on_the_distance_alone() -> None:
    built = families.build("radial", 3, [0.25, 0.5])  # d = sqrt 2, then 1
    np.testing.assert_array_equal(built.phi, [[0.25, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 0.25]])
    assert built.residual == 0.0
    assert built.den == pytest.approx([0.5])
    assert families.build("radial", 3, [0.3, 0.5]).den is None


def test_full_is_row_by_row_around_the_centre() -> None:
    built = families.build("full", 3, [1, 2, 3, 4, 6, 7, 8, 9])
    np.testing.assert_array_equal(built.phi, [[1, 2, 3], [4, 1, 6], [7, 8, 9]])
    assert families.describe("full", 3)[3:5] == ["phi[1,0]", "phi[1,2]"]


def test_gaussian_and_power() -> None:
    gaussian = families.build("gaussian", 5, [1.3])
    i, j = np.mgrid[-2:3, -2:3]
    np.testing.assert_allclose(gaussian.phi, np.exp(-(i**2 + j**2) / (2 * 1.3**2)), rtol=1e-14)
    assert gaussian.den is not None
    # The power family contains the Gaussian: s = sigma sqrt 2, p = 2.
    power = families.build("power", 5, [1.3 * math.sqrt(2), 2.0])
    np.testing.assert_allclose(power.phi, gaussian.phi, rtol=1e-14)
    box = families.build("power", 5, [1.2, 1e6])
    np.testing.assert_array_equal(box.phi, (i**2 + j**2 < 1.44).astype(float))


def test_controls() -> None:
    np.testing.assert_array_equal(families.control("uniform", 3).phi, np.ones((3, 3)))
    line = np.array([1, 2, 3, 2, 1]) / 3
    np.testing.assert_allclose(families.control("linear", 5).phi, np.outer(line, line))
    np.testing.assert_array_equal(
        families.control("flat", 3, factor=0.7).phi, np.full((3, 3), 0.7)
    )
    assert families.control("flat", 3, factor=0.7).den is None
    assert families.control("gaussian", 5).vector == (2.0,)
    with pytest.raises(ValueError, match="uniform, linear, gaussian, flat"):
        families.control("round", 3)


def test_shape_of_a_density() -> None:
    uniform = families.control("uniform", 3)
    assert uniform.effective_radius == pytest.approx((4 + 4 * math.sqrt(2)) / 9)
    assert uniform.centre_share == pytest.approx(1 / 9)
    assert uniform.anisotropy == 1.0
    # Rows carry 2 * 0.5 * (1 + 2 + 2) = 5, columns 2 * 2 * (0.5 + 1 + 0.5) = 8.
    tall = families.build("separable-symmetric", 3, [0.5, 2.0])
    assert tall.anisotropy == pytest.approx(5 / 8)
    empty = families.build("full", 3, [-1.0, 0, 0, 0, 0, 0, 0, 0])
    assert (empty.effective_radius, empty.centre_share, empty.anisotropy) == (None, None, None)


@pytest.mark.parametrize("n_dims", [1, 2, 3])
@pytest.mark.parametrize("family", families.FAMILIES)
def test_a_density_is_json_and_read_only(family: str, n_dims: int) -> None:
    bounds = ranges.default_bounds(family, 3, n_dims)
    built = families.build(family, 3, [(low + high) / 2 for low, high in bounds], n_dims)
    again = json.loads(json.dumps(built.to_dict(), allow_nan=False))
    np.testing.assert_array_equal(again["phi"], built.phi)
    assert len(built.factors) == n_dims
    assert again["alpha"] == built.alpha.tolist()
    with pytest.raises(ValueError, match="read-only"):
        built.phi[...] = 0.0


@pytest.mark.parametrize(
    ("family", "size", "vector", "words"),
    [
        ("square", 3, [1.0], "symmetric, separable-symmetric"),
        ("symmetric", 4, [1.0], "odd"),
        ("symmetric", 1, [], "odd, from 3"),
        ("symmetric", 1_000_001, [], "to 31"),
        ("symmetric", 5, [1.0], "takes 2"),
        ("full", 5, [1.0], r"takes 24 .*\.\.\."),
        ("symmetric", 3, [math.nan], r"den\[0\] must be finite"),
        ("symmetric", 3, [math.inf], "finite"),
        ("full", 3, [1e300] * 8, "at most 1e"),
        ("gaussian", 3, [0.0], "sigma must be above 0"),
        ("power", 3, [1.0, -1.0], "exponent must be above 0"),
    ],
)
def test_what_is_no_density(family: str, size: int, vector: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        families.build(family, size, vector)
