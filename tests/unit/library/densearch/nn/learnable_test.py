"""The torch builds of the families against those of the service."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from densearch.density import families
from densearch.nn.learnable import family_module

SHAPES = [(3, 1), (5, 1), (3, 2), (5, 2), (7, 2), (31, 2), (3, 3), (5, 3)]


def vector_of(family: str, kernel_size: int, n_dims: int) -> list[float]:
    random = np.random.default_rng(kernel_size + n_dims)
    n_free = families.n_free(family, kernel_size, n_dims)
    return [float(v) for v in random.uniform(0.3, 1.7, n_free)]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
@pytest.mark.parametrize(("kernel_size", "n_dims"), SHAPES)
@pytest.mark.parametrize("family", families.FAMILIES)
def test_a_family_is_that_of_the_service(
    family: str, kernel_size: int, n_dims: int, dtype: torch.dtype, tolerance: float
) -> None:
    vector = vector_of(family, kernel_size, n_dims)
    phi = family_module(family, kernel_size, n_dims)(torch.tensor(vector, dtype=dtype))
    assert phi.dtype == dtype
    expected = families.build(family, kernel_size, vector, n_dims).phi
    np.testing.assert_allclose(phi.numpy(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("n_dims", [1, 2, 3])
@pytest.mark.parametrize("family", families.FAMILIES)
def test_gradients_are_those_of_finite_differences(family: str, n_dims: int) -> None:
    vector = torch.tensor(vector_of(family, 5, n_dims), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(family_module(family, 5, n_dims), (vector,))


def test_a_mirrored_value_collects_the_gradients_of_its_taps() -> None:
    """By hand, K = 3: Phi has den at four taps and den^2 at four, so its sum is 1 + 4a + 4a^2."""
    den = torch.tensor([0.7], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(family_module("symmetric", 3)(den).sum(), den)
    assert gradient.item() == pytest.approx(4 + 8 * 0.7)


@pytest.mark.parametrize(
    ("family", "values"),
    [
        ("gaussian", [1e-30]),
        ("gaussian", [1e-3]),
        ("gaussian", [1e6]),
        ("power", [1e-6, 300.0]),
        ("power", [0.25, 0.01]),
        ("power", [50.0, 1e6]),
        ("power", [1.0, 1e6]),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_steepest_densities_have_finite_gradients(
    family: str, values: list[float], dtype: torch.dtype
) -> None:
    vector = torch.tensor(values, dtype=dtype, requires_grad=True)
    phi: Tensor = family_module(family, 7)(vector)
    (gradient,) = torch.autograd.grad(phi.square().sum(), vector)
    expected = families.build(family, 7, values).phi
    np.testing.assert_allclose(phi.detach().numpy(), expected, atol=1e-6)
    assert bool(torch.isfinite(gradient).all())


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown family 'cubic'"):
        family_module("cubic", 3)
