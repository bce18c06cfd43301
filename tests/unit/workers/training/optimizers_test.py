"""Optimizers by name."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from workers.training.optimizers import build_optimizer

SGD = {"optimizer": "sgd", "lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1}


def test_two_nesterov_steps_by_hand() -> None:
    parameter = nn.Parameter(torch.tensor([1.0]))
    optimizer = build_optimizer(SGD, [parameter])
    # Gradient 2 and decay 0.1 w: g = 2.1, velocity 2.1, step 0.1 * (2.1 + 0.5 * 2.1).
    parameter.grad = torch.tensor([2.0])
    optimizer.step()
    assert parameter.item() == pytest.approx(1 - 0.315)
    # g = 2 + 0.0685, velocity 0.5 * 2.1 + g, step 0.1 * (g + 0.5 * velocity).
    parameter.grad = torch.tensor([2.0])
    optimizer.step()
    gradient = 2.0685
    velocity = 0.5 * 2.1 + gradient
    assert parameter.item() == pytest.approx(0.685 - 0.1 * (gradient + 0.5 * velocity))


def test_nesterov_without_momentum_is_plain_descent() -> None:
    parameter = nn.Parameter(torch.tensor([1.0]))
    optimizer = build_optimizer({**SGD, "momentum": 0.0, "weight_decay": 0.0}, [parameter])
    parameter.grad = torch.tensor([2.0])
    optimizer.step()
    assert parameter.item() == pytest.approx(0.8)


def test_an_unknown_optimizer_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="unknown optimizer 'lion': known are sgd, adam, adamw"):
        build_optimizer({**SGD, "optimizer": "lion"}, [])
