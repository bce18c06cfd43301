"""What holds for every density, whatever the vector."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from densearch.density import families as density

VALUES = st.floats(0.0, 3.0, allow_subnormal=False)


@st.composite
def built(draw: st.DrawFn, families: tuple[str, ...] = density.FAMILIES) -> density.Density:
    family = draw(st.sampled_from(families))
    size, n_dims = draw(st.sampled_from([3, 5])), draw(st.integers(1, 3))
    values = st.floats(0.05, 5.0) if family in {"gaussian", "power"} else VALUES
    length = density.n_free(family, size, n_dims)
    return density.build(
        family, size, draw(st.lists(values, min_size=length, max_size=length)), n_dims
    )


@settings(max_examples=60, deadline=None)
@given(built())
def test_the_centre_is_one_and_the_residual_is_true(one: density.Density) -> None:
    assert one.phi[(one.kernel_size // 2,) * one.n_dims] == 1.0
    subscripts = ",".join("ijk"[: one.n_dims]) + "->" + "ijk"[: one.n_dims]
    nearest = np.einsum(subscripts, *one.factors)
    error = np.linalg.norm(one.phi - nearest) / np.linalg.norm(one.phi)
    assert abs(error - one.residual) < 1e-9
    assert 0.0 <= one.residual < 1.0


@settings(max_examples=40, deadline=None)
@given(built())
def test_den_builds_the_same_density(one: density.Density) -> None:
    if one.den is not None:
        again = density.build("symmetric", one.kernel_size, one.den, one.n_dims)
        np.testing.assert_allclose(again.phi, one.phi, rtol=1e-8, atol=1e-11)


@settings(max_examples=40, deadline=None)
@given(built(("symmetric",)))
def test_symmetric_vectors_come_back(one: density.Density) -> None:
    assert one.den == list(one.vector)


@settings(max_examples=40, deadline=None)
@given(built(("symmetric", "radial", "gaussian", "power")))
def test_turning_changes_nothing(one: density.Density) -> None:
    for axis in range(one.n_dims):
        np.testing.assert_allclose(np.flip(one.phi, axis), one.phi, rtol=1e-12)
    np.testing.assert_allclose(one.phi.T, one.phi, rtol=1e-12)
