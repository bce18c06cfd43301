"""The product outside the passes against the product in them: in every bit, for any optimizer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from densearch.nn.operator import apply_density, fold, is_weighted
from service.studies.training_payload import DensityLearning, LearnedGroup
from workers.training.learning import learn_density
from workers.training.master_weights import MasterWeights

Optimizer = Callable[..., torch.optim.Optimizer]
# A tap of 0 never moves, a negative one turns its weight's sign: both are densities.
PHI = [[0.3, -0.7, 1.2], [0.0, 1.0, 1.9], [0.05, -1e-3, 0.8]]
SETTINGS: list[tuple[Optimizer, dict[str, Any]]] = [
    (torch.optim.SGD, {"lr": 0.1}),
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    (torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    (torch.optim.SGD, {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.02}),
    (torch.optim.Adam, {"lr": 0.01}),
    (torch.optim.Adam, {"lr": 0.01, "betas": (0.5, 0.999), "eps": 1e-3, "weight_decay": 0.05}),
    (torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.05}),
]


def network(dtype: torch.dtype = torch.float64) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Tanh(), nn.Conv2d(3, 2, 1),
        nn.ConvTranspose2d(2, 2, 3),
    ).to(dtype)  # fmt: skip


def kernels(net: nn.Module) -> list[Tensor]:
    return [layer.weight for layer in (net[0], net[4])]  # type: ignore[index]


def descend(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    step: int,
    master_weights: MasterWeights | None = None,
) -> None:
    random = torch.Generator().manual_seed(step)
    dtype = kernels(net)[0].dtype
    x = torch.randn(4, 1, 8, 8, generator=random, dtype=dtype)
    optimizer.zero_grad()
    (net(x) - x).square().mean().backward()
    if master_weights is None:
        optimizer.step()
    else:
        take(optimizer, master_weights)


def take(optimizer: torch.optim.Optimizer, master_weights: MasterWeights) -> None:
    master_weights.pull()
    optimizer.step()
    master_weights.push()


@pytest.mark.parametrize(
    ("dtype", "n_steps", "is_joined"),
    [(torch.float64, 60, False), (torch.float32, 30, False), (torch.float32, 30, True)],
)
@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_every_step_is_that_of_the_product_in_the_forward_pass(
    kind: Optimizer, settings: dict[str, Any], dtype: torch.dtype, n_steps: int, is_joined: bool
) -> None:
    """Joined: as on a GPU, where all layers are one call."""
    weighted, plain = network(dtype), network(dtype)
    for net in (weighted, plain):
        apply_density(net, PHI)
    master_weights = MasterWeights(plain)
    master_weights.is_joined = is_joined
    on_w = kind(weighted.parameters(), **settings)
    on_master_weights = kind(master_weights.in_place_of(plain.parameters()), **settings)
    start = [kernel.detach().clone() for kernel in kernels(plain)]
    for step in range(n_steps):
        descend(weighted, on_w, step)
        descend(plain, on_master_weights, step, master_weights)
        for theirs, own in zip(kernels(weighted), kernels(plain), strict=True):
            assert torch.equal(theirs, own)
    for old, new in zip(start, kernels(plain), strict=True):
        assert ((old - new).abs() > 1e-6).any()
        assert (new[..., 1, 0] == 0).all()
    fold(weighted)
    for name, tensor in weighted.state_dict().items():
        assert torch.equal(tensor, plain.state_dict()[name]), name


@pytest.mark.parametrize("settings", [s for kind, s in SETTINGS if kind is torch.optim.SGD])
def test_sgd_is_also_that_of_gradients_times_phi_squared(settings: dict[str, Any]) -> None:
    """The scaled form, without W: the same to rounding, for zeros and signs too."""
    net = network()
    apply_density(net, PHI)
    master_weights = MasterWeights(net)
    scaled = copy.deepcopy(net)
    own = torch.optim.SGD(master_weights.in_place_of(net.parameters()), **settings)
    other = torch.optim.SGD(scaled.parameters(), **settings)
    phi = torch.tensor(PHI, dtype=torch.float64)

    def scale(*_: object) -> None:
        for kernel in kernels(scaled):
            assert kernel.grad is not None
            kernel.grad *= phi**2

    other.register_step_pre_hook(scale)
    for step in range(60):
        descend(net, own, step, master_weights)
        descend(scaled, other, step)
        torch.testing.assert_close(kernels(net), kernels(scaled), rtol=0, atol=1e-12)


def test_a_step_by_hand() -> None:
    """Loss V * 3 at one tap: dL/dW = Phi * 3, then W = 2 - 0.1 * 3 * 0.5 and V = 0.5 W."""
    layer = nn.Conv1d(1, 1, 3, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[[2.0, 1.0, 1.0]]]))
    apply_density(layer, [0.5, 1.0, 1.0])
    master_weights = MasterWeights(layer)
    assert layer.weight.tolist() == [[[1.0, 1.0, 1.0]]]
    optimizer = torch.optim.SGD(master_weights.in_place_of(layer.parameters()), lr=0.1)
    layer(torch.tensor([[[3.0, 0.0, 0.0]]])).sum().backward()
    take(optimizer, master_weights)
    assert layer.weight[0, 0].tolist() == pytest.approx([0.5 * (2 - 0.15), 1.0, 1.0])


def test_the_passes_are_those_of_plain_convolutions() -> None:
    net = network()
    names, classes = set(net.state_dict()), [type(layer) for layer in net]
    apply_density(net, PHI)
    master_weights = MasterWeights(net)
    assert [type(layer) for layer in net] == classes
    assert set(net.state_dict()) == names
    own, optimized = list(net.parameters()), master_weights.in_place_of(net.parameters())
    assert [a is b for a, b in zip(own, optimized, strict=True)].count(False) == 2
    assert [p.shape for p in own] == [p.shape for p in optimized]


def test_the_layout_of_the_weights_stays() -> None:
    net = nn.Sequential(nn.Conv2d(4, 4, 3, bias=False)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    apply_density(net, PHI)
    master_weights = MasterWeights(net)
    for tensor in (*master_weights.in_place_of(net.parameters()), *net.parameters()):
        assert tensor.shape == (4, 4, 3, 3)
        assert tensor.is_contiguous(memory_format=torch.channels_last)


def test_a_learned_density_keeps_the_product_in_the_forward_pass() -> None:
    net = nn.Sequential(nn.Conv2d(1, 1, 3))
    group = LearnedGroup("", ["0"], kernel_size=3, start=[1.0], bounds=[[0.5, 2.0]])
    learn_density(net, DensityLearning("gaussian", [group], lr_factor=1.0))
    before = list(net.parameters())
    master_weights = MasterWeights(net)
    assert is_weighted(net[0])
    assert all(a is b for a, b in zip(master_weights.in_place_of(before), before, strict=True))


@pytest.mark.parametrize("is_joined", [False, True])
def test_a_layer_without_a_gradient_rests(is_joined: bool) -> None:
    net = network()
    apply_density(net, PHI)
    master_weights = MasterWeights(net)
    master_weights.is_joined = is_joined
    optimizer = torch.optim.SGD(master_weights.in_place_of(net.parameters()), lr=0.1, momentum=0.9)
    first, last = (kernel.detach().clone() for kernel in kernels(net))
    for _ in range(2):
        optimizer.zero_grad()
        net[0](torch.ones(1, 1, 3, 3, dtype=torch.float64)).sum().backward()
        take(optimizer, master_weights)
    # Gradients of 1, so of Phi for W: velocities Phi, then 1.9 Phi; V takes Phi once more.
    moved = 0.1 * 2.9 * torch.tensor(PHI, dtype=torch.float64) ** 2
    torch.testing.assert_close(first - kernels(net)[0], moved.expand(3, 1, 3, 3))
    assert torch.equal(last, kernels(net)[1])
