"""Clipping of a pack against torch's own clip_grad_norm_, candidate by candidate."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from workers.training.joint import JointParameter
from workers.training.joint_clipping import JointClipping

LIMITS = [0.5, None, 1e6]


@pytest.fixture
def pack() -> tuple[list[JointParameter], list[list[nn.Parameter]]]:
    """Three candidates and an idle copy, of two parameters each, with gradients."""
    torch.manual_seed(0)
    shapes = [(2, 3), (2,)]
    owners = [[nn.Parameter(torch.zeros(shape)) for shape in shapes] for _ in LIMITS]
    joined = [
        JointParameter(
            nn.Parameter(torch.randn(4 * shape[0], *shape[1:])),
            4,
            [own[index] for own in owners],
            [None] * 3,
        )
        for index, shape in enumerate(shapes)
    ]
    for own in joined:
        own.gradient.copy_(torch.randn(own.gradient.shape))
    return joined, owners


def test_each_is_clipped_at_its_own_limit_as_torch_does(
    pack: tuple[list[JointParameter], list[list[nn.Parameter]]],
) -> None:
    joined, owners = pack
    alone = copy.deepcopy(owners)
    for parameters, copies, limit in zip(owners, alone, LIMITS, strict=True):
        for own, other in zip(parameters, copies, strict=True):
            assert own.grad is not None
            other.grad = own.grad.clone()
        if limit is not None:
            nn.utils.clip_grad_norm_(copies, limit)
    before = joined[0].gradient.clone()
    JointClipping(joined, LIMITS).clip()
    for parameters, copies in zip(owners, alone, strict=True):
        for own, other in zip(parameters, copies, strict=True):
            torch.testing.assert_close(own.grad, other.grad)
    assert torch.equal(joined[0].gradient[2:4], before[2:4])  # not clipped: not a bit of it
    assert torch.equal(joined[0].gradient[6:], before[6:])  # idle


def test_gradients_of_zero_stay_zero(
    pack: tuple[list[JointParameter], list[list[nn.Parameter]]],
) -> None:
    joined, _ = pack
    for own in joined:
        own.gradient.zero_()
    JointClipping(joined, LIMITS).clip()
    assert not any(own.gradient.any() for own in joined)
