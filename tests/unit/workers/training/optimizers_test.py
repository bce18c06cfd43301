"""Optimizers by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from densearch.nn.operator import apply_density, convolutions
from tests.support.trainings import settings
from workers.training.descent import GradientDescent, descend
from workers.training.master_weights import MasterWeights
from workers.training.optimizers import build_optimizer, clipping

SGD = {"optimizer": "sgd", "lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1}


def test_two_nesterov_steps_by_hand() -> None:
    parameter = nn.Parameter(torch.tensor([1.0]))
    optimizer = build_optimizer(settings(SGD), [parameter])
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
    optimizer = build_optimizer(
        settings({**SGD, "momentum": 0.0, "weight_decay": 0.0}), [parameter]
    )
    parameter.grad = torch.tensor([2.0])
    optimizer.step()
    assert parameter.item() == pytest.approx(0.8)


def test_an_unknown_optimizer_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="unknown optimizer 'lion': known are sgd, adam, adamw"):
        build_optimizer(settings({**SGD, "optimizer": "lion"}), [])


ADAM = {"lr": 0.1, "momentum": 0.5, "nesterov": False, "weight_decay": 0.2}


def adam_by_hand(gradients: list[float], *, is_decoupled: bool) -> float:
    """Algorithm 2 of arXiv:1711.05101 (pink: Adam with L2; green: AdamW) from w = 1."""
    weight, first, second = 1.0, 0.0, 0.0
    for t, given in enumerate(gradients, start=1):
        gradient = given if is_decoupled else given + 0.2 * weight
        first = 0.5 * first + 0.5 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        step = first / (1 - 0.5**t) / (math.sqrt(second / (1 - 0.999**t)) + 1e-8)
        weight -= 0.1 * (step + (0.2 * weight if is_decoupled else 0.0))
    return weight


@pytest.mark.parametrize(("name", "is_decoupled"), [("adam", False), ("adamw", True)])
def test_three_steps_of_adam_by_hand(name: str, is_decoupled: bool) -> None:
    parameter = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    optimizer = build_optimizer(settings({**ADAM, "optimizer": name}), [parameter])
    gradients = [2.0, -3.0, 0.5]
    for gradient in gradients:
        parameter.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    expected = adam_by_hand(gradients, is_decoupled=is_decoupled)
    assert parameter.item() == pytest.approx(expected, rel=1e-12)


def test_gradients_are_clipped_together_and_before_the_decay() -> None:
    first, second = (nn.Parameter(torch.tensor([1.0])) for _ in range(2))
    section = {**SGD, "momentum": 0.0, "nesterov": False}
    optimizer = build_optimizer(settings(section), [first, second])
    first.grad, second.grad = torch.tensor([3.0]), torch.tensor([4.0])
    descend(GradientDescent(optimizer, [clipping([first, second], 1.0)]))
    # (3, 4) has the norm 5 and becomes (0.6, 0.8); the decay adds 0.1 * 1, the rate is 0.1.
    assert first.item() == pytest.approx(1 - 0.07, rel=1e-5)
    assert second.item() == pytest.approx(1 - 0.09, rel=1e-5)


def test_short_gradients_are_not_clipped() -> None:
    parameter = nn.Parameter(torch.tensor([1.0]))
    optimizer = build_optimizer(
        settings({**SGD, "momentum": 0.0, "weight_decay": 0.0}), [parameter]
    )
    parameter.grad = torch.tensor([2.0])
    descend(GradientDescent(optimizer, [clipping([parameter], 2.5)]))
    assert parameter.item() == pytest.approx(0.8)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_the_norm_is_that_of_w_and_not_of_w_times_phi(name: str) -> None:
    """Both forms of a density, clipped in most steps."""
    section = {**ADAM, "optimizer": name, "lr": 0.05}
    nets = []
    for is_held in (True, False):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv1d(1, 2, 3, bias=False), nn.Tanh(), nn.Conv1d(2, 1, 3)).double()
        apply_density(net, [0.2, 1.0, 3.0])
        master_weights = MasterWeights(net) if is_held else None
        weights = (
            list(net.parameters())
            if master_weights is None
            else master_weights.in_place_of(net.parameters())
        )
        clip = clipping(weights, 0.1)
        before = [clip] if master_weights is None else [master_weights.pull, clip]
        after = [] if master_weights is None else [master_weights.push]
        descent = GradientDescent(build_optimizer(settings(section), weights), before, after)
        for step in range(20):
            random = torch.Generator().manual_seed(step)
            x = torch.randn(4, 1, 9, generator=random, dtype=torch.float64)
            descent.clear()
            (net(x) - x[..., 2:-2]).square().mean().backward()
            descend(descent)
        nets.append([layer.weight.detach() for layer in convolutions(net).values()])
    torch.testing.assert_close(nets[0], nets[1], rtol=0, atol=1e-12)


def parts(random: torch.Generator) -> list[nn.Parameter]:
    """Return parameters in every layout that networks have them in."""
    kernel = torch.randn(4, 3, 3, 3, generator=random)
    cube = torch.randn(2, 3, 3, 3, 3, generator=random)
    return [
        nn.Parameter(kernel.to(memory_format=torch.channels_last)),
        nn.Parameter(cube.to(memory_format=torch.channels_last_3d)),
        nn.Parameter(torch.randn(5, 3, generator=random).t()),
        nn.Parameter(torch.randn(3, generator=random, dtype=torch.float64)),
    ]


def sliced(random: torch.Generator) -> list[nn.Parameter]:
    return [nn.Parameter(torch.randn(4, 8, generator=random)[:, ::2])]


def complex_(random: torch.Generator) -> list[nn.Parameter]:
    return [nn.Parameter(torch.randn(6, generator=random, dtype=torch.complex64))]


KINDS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def of_torch(name: str, given: list[nn.Parameter], section: dict[str, Any]) -> Any:  # noqa: ANN401 - of any kind
    own = {"lr": section["lr"], "weight_decay": section["weight_decay"], "foreach": False}
    if name == "sgd":
        return KINDS[name](
            given, momentum=section["momentum"], nesterov=section["nesterov"], **own
        )
    return KINDS[name](given, betas=(section["momentum"], 0.999), **own)


@pytest.mark.parametrize("made", [parts, sliced, complex_])
@pytest.mark.parametrize("name", [*KINDS])
@pytest.mark.parametrize(
    ("momentum", "nesterov", "weight_decay"), [(0.9, True, 0.05), (0.5, False, 0.0)]
)
def test_steps_are_those_of_torchs_plain_loop_whatever_the_layout(
    made: Callable[[torch.Generator], list[nn.Parameter]],
    name: str,
    momentum: float,
    nesterov: bool,
    weight_decay: float,
) -> None:
    section = {
        "lr": 0.05, "momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay
    }  # fmt: skip
    own, theirs = (made(torch.Generator().manual_seed(0)) for _ in range(2))
    optimizers = [
        build_optimizer(settings({"optimizer": name, **section}), own),
        of_torch(name, theirs, section),
    ]
    start = [parameter.detach().clone() for parameter in own]
    for _ in range(5):
        for optimizer, parameters in zip(optimizers, (own, theirs), strict=True):
            optimizer.zero_grad()
            sum((p - 1).abs().square().sum() for p in parameters).backward()  # type: ignore[union-attr]
            optimizer.step()
    for mine, other, old in zip(own, theirs, start, strict=True):
        torch.testing.assert_close(mine, other, rtol=2e-6, atol=1e-7)
        assert (mine - old).abs().min() > 1e-3
