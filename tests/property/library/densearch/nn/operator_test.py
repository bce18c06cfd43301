"""The operator for any density, kernel size and number of axes."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from densearch.nn.operator import apply_density, fold

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


@dataclass
class Case:
    """A convolution without bias, and what to draw densities and images of its shape from."""

    layer: nn.Module
    kernel_shape: tuple[int, ...]
    random: torch.Generator

    def density(self) -> Tensor:
        return torch.randn(self.kernel_shape, generator=self.random, dtype=torch.float64)

    def image(self) -> Tensor:
        shape = (1, 2, *(6,) * len(self.kernel_shape))
        return torch.randn(shape, generator=self.random, dtype=torch.float64)

    def weighted(self, phi: Tensor) -> nn.Module:
        layer = copy.deepcopy(self.layer)
        apply_density(layer, phi)
        return layer


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n_dims = draw(st.sampled_from([1, 2, 3]))
    size = draw(st.sampled_from([3, 5] if n_dims == 3 else [3, 5, 7]))
    groups = draw(st.sampled_from([1, 2]))
    dilation = draw(st.sampled_from([1, 2]))
    random = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    layer = CONVOLUTIONS[n_dims](
        2, 4, size, padding=dilation * (size // 2), groups=groups, dilation=dilation, bias=False
    ).double()
    with torch.no_grad():
        layer.weight.copy_(torch.randn(layer.weight.shape, generator=random, dtype=torch.float64))
    return Case(layer, (size,) * n_dims, random)


@given(cases())
@settings(deadline=None, max_examples=40)
def test_outputs_are_linear_in_the_density(case: Case) -> None:
    first, second, image = case.density(), case.density(), case.image()
    together = case.weighted(first + second)(image)
    apart = case.weighted(first)(image) + case.weighted(second)(image)
    torch.testing.assert_close(together, apart, rtol=1e-10, atol=1e-10)


@given(cases())
@settings(deadline=None, max_examples=40)
def test_a_density_of_ones_is_the_plain_convolution(case: Case) -> None:
    image = case.image()
    ones = torch.ones(case.kernel_shape, dtype=torch.float64)
    assert torch.equal(case.weighted(ones)(image), case.layer(image))


@given(cases())
@settings(deadline=None, max_examples=40)
def test_folding_changes_no_bit(case: Case) -> None:
    image, layer = case.image(), case.weighted(case.density())
    before = layer(image)
    assert torch.equal(fold(layer)(image), before)


@given(cases())
@settings(deadline=None, max_examples=40)
def test_the_density_gets_no_gradient_and_scales_that_of_the_weight(case: Case) -> None:
    phi, image = case.density(), case.image()
    weighted, plain = case.weighted(phi), copy.deepcopy(case.layer)
    (of_weighted,), (of_plain,) = weighted.parameters(), plain.parameters()
    # Of a sum of outputs the gradient does not depend on the weight: the chain rule is exact.
    weighted(image).sum().backward()
    plain(image).sum().backward()
    assert of_weighted.grad is not None
    assert of_plain.grad is not None
    torch.testing.assert_close(of_weighted.grad, phi * of_plain.grad, rtol=1e-10, atol=1e-10)
