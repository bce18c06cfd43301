"""The direct steps against torch's own method: in every bit, alone and together."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from tests.support.trainings import settings
from workers.training.descent import GradientDescent, descend, step_together
from workers.training.optimizers import build_optimizer

BASE = {"lr": 0.05, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0}
SECTIONS = [
    {**BASE, "optimizer": "sgd", "momentum": 0.0},
    {**BASE, "optimizer": "sgd", "weight_decay": 0.02},
    {**BASE, "optimizer": "sgd", "nesterov": True},
    {**BASE, "optimizer": "adam", "weight_decay": 0.02},
    {**BASE, "optimizer": "adamw", "weight_decay": 0.02},
]
N_STEPS = 6


def network(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Conv2d(3, 2, 3))
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net


def groups(net: nn.Sequential, lr: float) -> list[dict[str, Any]]:
    """Return two: the second with a rate of its own, as a learned density has it."""
    return [{"params": list(net[0].parameters())}, {"params": list(net[2].parameters()), "lr": lr}]


def backward(net: nn.Module, step: int) -> None:
    random = torch.Generator().manual_seed(step)
    net.zero_grad(set_to_none=True)
    net(torch.randn(4, 1, 8, 8, generator=random)).square().mean().backward()


def values(net: nn.Module) -> list[list[float]]:
    return [parameter.flatten().tolist() for parameter in net.parameters()]


def of_torch(section: dict[str, Any], seed: int, lr: float = 0.01) -> list[list[float]]:
    net = network(seed)
    optimizer = build_optimizer(settings(section), groups(net, lr))
    for step in range(N_STEPS):
        backward(net, step)
        optimizer.step()
    return values(net)


@pytest.mark.parametrize("section", SECTIONS)
def test_steps_together_are_those_of_each_alone(section: dict[str, Any]) -> None:
    """Two of equal settings, which share a call, and one of another rate."""
    rates = [0.01, 0.01, 0.02]
    nets = [network(seed) for seed in range(3)]
    descents = [
        GradientDescent(build_optimizer(settings(section), groups(net, lr)))
        for net, lr in zip(nets, rates, strict=True)
    ]
    for step in range(N_STEPS):
        for net in nets:
            backward(net, step)
        with torch.no_grad():
            step_together(descents)
    for seed, (net, lr) in enumerate(zip(nets, rates, strict=True)):
        assert values(net) == of_torch(section, seed, lr)


def test_every_step_but_the_first_is_direct(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = torch.optim.SGD.step

    def counted(own: torch.optim.SGD) -> None:
        calls.append(own)
        original(own)

    monkeypatch.setattr(torch.optim.SGD, "step", counted)
    net = network(0)
    descent = GradientDescent(build_optimizer(settings(SECTIONS[1]), net.parameters()))
    for step in range(N_STEPS):
        backward(net, step)
        descend(descent)
    assert len(calls) == 1


@pytest.mark.parametrize("section", SECTIONS)
def test_settings_and_state_may_change_between_steps(section: dict[str, Any]) -> None:
    """A schedule sets the rate; a checkpoint brings another state."""
    found = []
    for is_direct in (True, False):
        net = network(0)
        descent = GradientDescent(build_optimizer(settings(section), net.parameters()))
        kept = {}
        for step in range(N_STEPS):
            backward(net, step)
            descent.optimizer.param_groups[0]["lr"] = 0.05 / (step + 1)
            if is_direct:
                descend(descent)
            else:
                descent.optimizer.step()
            if step == 1:
                kept = torch.utils._pytree.tree_map(
                    lambda own: own.clone() if isinstance(own, torch.Tensor) else own,
                    descent.optimizer.state_dict(),
                )
            if step == 3:
                descent.optimizer.load_state_dict(kept)
        found.append(values(net))
    assert found[0] == found[1]


def test_a_parameter_without_a_gradient_rests_and_goes_on() -> None:
    found = []
    for is_direct in (True, False):
        net = network(0)
        descent = GradientDescent(build_optimizer(settings(SECTIONS[1]), net.parameters()))
        for step in range(N_STEPS):
            backward(net, step)
            if step % 2:
                net[2].weight.grad = None
            if is_direct:
                descend(descent)
            else:
                descent.optimizer.step()
        found.append(values(net))
    assert found[0] == found[1]


def test_gradients_are_cleared() -> None:
    net = network(0)
    descent = GradientDescent(build_optimizer(settings(SECTIONS[0]), net.parameters()))
    backward(net, 0)
    descent.clear()
    assert all(parameter.grad is None for parameter in net.parameters())
