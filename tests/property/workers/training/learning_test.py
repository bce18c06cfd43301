"""Learned densities under any bounds, starts and gradients."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from densearch.density import families
from workers.training.learning import LearnedDensity

VALUES = st.floats(1e-3, 50.0)


@st.composite
def learned_densities(draw: st.DrawFn) -> LearnedDensity:
    family = draw(st.sampled_from(families.FAMILIES))
    kernel_size, n_dims = draw(st.sampled_from([(3, 2), (5, 2), (7, 2), (5, 1), (3, 3)]))
    n_free = families.n_free(family, kernel_size, n_dims)
    pairs = st.tuples(VALUES, VALUES).map(sorted)
    bounds = draw(st.lists(pairs, min_size=n_free, max_size=n_free))
    start = draw(st.lists(VALUES, min_size=n_free, max_size=n_free))
    return LearnedDensity(family, kernel_size, start, bounds, n_dims)


@given(learned_densities(), st.sampled_from(["SGD", "Adam", "AdamW"]), st.floats(1e-6, 1e6))
@settings(deadline=None, max_examples=60)
def test_values_never_leave_their_bounds(
    learned: LearnedDensity, optimizer_name: str, lr: float
) -> None:
    optimizer = getattr(torch.optim, optimizer_name)([learned.vector], lr=lr)
    for _ in range(5):
        optimizer.zero_grad()
        learned().square().sum().backward()
        optimizer.step()
        learned.project()
        for value, low, high in zip(
            learned.values(), learned.low.tolist(), learned.high.tolist(), strict=True
        ):
            assert low <= value <= high
    # Whatever was learned is a density that the service can build.
    shape = learned().shape
    assert (
        families.build(learned.family, shape[0], learned.values(), len(shape)).phi.shape == shape
    )
