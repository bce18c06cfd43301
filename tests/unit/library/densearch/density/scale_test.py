"""A common factor before the shape of a density."""

from __future__ import annotations

import math

import numpy as np
import pytest

from densearch.density import families, ranges, scale


def test_the_matching_factor_keeps_the_norm() -> None:
    built = families.build("symmetric", 5, [0.3, 1.5])
    flat = families.control("flat", 5, factor=scale.matching_factor(built))
    assert np.linalg.norm(flat.phi) == pytest.approx(np.linalg.norm(built.phi))


@pytest.mark.parametrize("n_dims", [1, 2, 3])
@pytest.mark.parametrize("family", families.FAMILIES)
def test_a_common_factor_is_the_scale_of_a_density_and_leaves_its_shape(
    family: str, n_dims: int
) -> None:
    bounds = ranges.wide_bounds(family, 5, n_dims)
    shape = families.build(family, 5, [0.3 * low + 0.7 * high for low, high in bounds], n_dims)
    found = scale.scaled(shape, 0.4)
    assert math.sqrt(float(np.mean(found.phi**2))) == pytest.approx(0.4, rel=1e-12)
    assert np.ptp(found.phi / shape.phi) == pytest.approx(0.0, abs=1e-12)
    assert (found.factor, found.vector, found.family) == (0.4, shape.vector, family)
    assert found.residual == shape.residual
    if found.residual == 0.0:
        product = found.factors[0]
        for factor in found.factors[1:]:
            product = np.multiply.outer(product, factor)
        np.testing.assert_allclose(product, found.phi, rtol=1e-12)


@pytest.mark.parametrize("kernel_size", [3, 5, 7, 9])
def test_a_factor_of_a_shape_of_ones_is_the_flat_control_to_the_bit(kernel_size: int) -> None:
    bounds = ranges.wide_bounds("symmetric", kernel_size)
    assert {(low + high) / 2 for low, high in bounds} == {1.0}
    ones = families.build("symmetric", kernel_size, [1.0] * (kernel_size // 2))
    for factor in (0.7, 1.0, 3.3):
        flat = families.control("flat", kernel_size, factor=factor)
        np.testing.assert_array_equal(scale.scaled(ones, factor).phi, flat.phi)
    assert scale.scaled(ones, 1.0).den == [1.0] * (kernel_size // 2)


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan, 1e7])
def test_a_factor_that_scales_nothing_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="cannot scale"):
        scale.scaled(families.build("symmetric", 3, [0.5]), factor)


def test_why_a_density_has_no_den_is_said() -> None:
    one = families.build("symmetric", 5, [0.25, 0.5])
    assert one.den_fault is None
    centre = 0.4 / scale.matching_factor(one)
    words = scale.scaled(one, 0.4).den_fault
    assert words == (
        f"its centre is {centre:.4g}, where den has 1: it is den [0.25, 0.5] with initial weights "
        f"{centre:.4g} times as large and, in SGD, {centre**2:.4g} times the learning rate"
    )
    tall = families.build("separable-symmetric", 3, [0.5, 2.0])
    assert "not the same, mirrored list" in str(tall.den_fault)
    assert "where den has 1, and its factors" in str(scale.scaled(tall, 0.4).den_fault)
    ring = families.build("radial", 3, [0.9, 0.1])
    assert ring.den_fault == "it is not the product of one factor for each axis"
    assert families.build("full", 3, [0.0] * 8).den == [0.0]
