"""Densities as parameters: toy problems whose optimum is known, bounds, layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from densearch.density import families, ranges
from densearch.nn.operator import DensityError, fold, is_weighted, put_density
from service.studies.training_payload import DensityLearning, LearnedGroup
from tests.support.trainings import settings
from workers.training.learning import LearnedDensity, learn_density, parameter_groups
from workers.training.optimizers import build_optimizer

OWN = {"kernel_size": 3, "start": [1.0], "bounds": [[0.1, 2.0]]}
OPTIMA: dict[str, list[float]] = {
    "symmetric": [0.3, 1.4],
    "separable-symmetric": [0.3, 1.4, 0.6, 0.9],
    "separable": [0.3, 1.4, 0.8, 0.5, 0.6, 0.9, 1.2, 0.4],
    "radial": [0.2, 0.5, 0.9, 1.3, 1.1],
    "full": [float(v) for v in np.linspace(0.2, 1.4, 24)],
    "gaussian": [1.7],
    "power": [1.8, 3.0],
}


def learning(*groups: list[str], family: str = "symmetric", **changes: Any) -> DensityLearning:
    """Return densities that are learned by these groups of layers."""
    of = [LearnedGroup(" ".join(g), **{"layers": g, **OWN, **changes}) for g in groups]
    return DensityLearning(family, of, lr_factor=1.0)


SHARED, APART = learning(["0", "3"]), learning(["0"], ["3"])


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 3, padding=1)
    )


def first_weight(net: nn.Sequential) -> Tensor:
    first = net[0]
    assert isinstance(first, nn.Conv2d)
    return first.weight


def fit(learned: LearnedDensity, optimum: list[float], n_steps: int = 1500) -> list[float]:
    """Fit a density to the outputs of another one, through a convolution with fixed weights."""
    random = torch.Generator().manual_seed(0)
    size = learned().shape[0]
    weight = torch.randn((8, 1, size, size), generator=random, dtype=torch.float64)
    image = torch.randn((4, 1, 20, 20), generator=random, dtype=torch.float64)
    layer = nn.Conv2d(1, 8, size, bias=False).double()
    layer.weight.data.copy_(weight)
    put_density(nn.Sequential(layer), learned, ["0"])
    aim = torch.tensor(families.build(learned.family, size, optimum).phi)
    target = functional.conv2d(image, weight * aim)
    optimizer = torch.optim.Adam([learned.vector], lr=0.02)
    for _ in range(n_steps):
        optimizer.zero_grad()
        functional.mse_loss(layer(image), target).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        learned.project()
    return learned.values()


@pytest.mark.parametrize(
    "family",
    [
        family
        if family in {"separable", "radial", "power"}
        else pytest.param(family, marks=pytest.mark.slow)
        for family in families.FAMILIES
    ],
)
def test_descent_finds_the_density_that_made_the_data(family: str) -> None:
    n_free = families.n_free(family, 5)
    learned = LearnedDensity(family, 5, [1.0] * n_free, [[0.05, 4.0]] * n_free)
    assert fit(learned, OPTIMA[family]) == pytest.approx(OPTIMA[family], abs=1e-4)


def test_an_optimum_outside_the_bounds_ends_on_them() -> None:
    learned = LearnedDensity("symmetric", 3, [1.0], [[0.5, 1.1]])
    assert fit(learned, [0.2], n_steps=200) == [0.5]


def test_a_start_outside_the_bounds_is_brought_within() -> None:
    learned = LearnedDensity(
        "symmetric", 7, [1.0, 1.0, 0.1], ranges.default_bounds("symmetric", 7)
    )
    assert learned.values() == [0.5, 1.0, 0.25]


def authors_network(x: Tensor, weights: list[Tensor], dens: list[Tensor]) -> Tensor:
    """Layers of the authors' trainable operator: Phi = outer(alfa, alfa), in their words."""
    for weight, den in zip(weights, dens, strict=True):
        alfa = torch.cat([den, torch.ones(1, dtype=den.dtype), torch.flip(den, dims=[0])])
        x = functional.conv2d(x, weight * torch.outer(alfa, alfa), padding=2).tanh()
    return x


@pytest.mark.parametrize("per_layer", [True, False])
def test_it_is_the_authors_trainable_variant_step_by_step(per_layer: bool) -> None:
    torch.manual_seed(0)
    own = nn.Sequential(
        nn.Conv2d(1, 4, 5, padding=2, bias=False), nn.Tanh(),
        nn.Conv2d(4, 1, 5, padding=2, bias=False), nn.Tanh(),
    ).double()  # fmt: skip
    weights = [p.detach().clone() for p in own.parameters()]
    wide = [[-10.0, 10.0]] * 2
    groups = [["0"], ["2"]] if per_layer else [["0", "2"]]
    told = learning(*groups, kernel_size=5, start=[0.3, 1.5], bounds=wide)
    learned = learn_density(own, told)
    dens = [torch.tensor([0.3, 1.5], dtype=torch.float64) for _ in range(1 + per_layer)]
    theirs = [tensor.requires_grad_() for tensor in (*weights, *dens)]
    optimizers = [torch.optim.SGD(p, lr=0.5, momentum=0.9) for p in (own.parameters(), theirs)]
    x, y = torch.rand(2, 3, 1, 9, 9, dtype=torch.float64)
    for _ in range(20):
        outputs = own(x), authors_network(x, weights, dens if per_layer else dens * 2)
        torch.testing.assert_close(*outputs, rtol=1e-10, atol=1e-12)
        for optimizer, output in zip(optimizers, outputs, strict=True):
            optimizer.zero_grad()
            functional.mse_loss(output, y).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    for vector, den in zip(learned.vectors(), dens, strict=True):
        torch.testing.assert_close(vector.detach(), den.detach(), rtol=1e-10, atol=1e-12)
        assert abs(vector.tolist()[0] - 0.3) > 0.01


def test_layers_share_one_density_or_have_their_own() -> None:
    net = network()
    shared = learn_density(net, SHARED)
    assert len(shared.vectors()) == 1
    assert shared.values() == {"groups": {"0 3": [1.0]}}
    assert [is_weighted(layer) for layer in net] == [True, False, False, True]
    apart = learn_density(network(), APART)
    assert len(apart.vectors()) == 2
    assert apart.values() == {"groups": {"0": [1.0], "3": [1.0]}}


def test_layers_that_no_group_names_stay_plain() -> None:
    mixed = nn.Sequential(nn.Conv2d(1, 1, 5), nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, (3, 1)))
    learn_density(mixed, learning(["1"]))
    assert [is_weighted(layer) for layer in mixed] == [False, True, False]


@pytest.mark.parametrize("family", families.FAMILIES)
@pytest.mark.parametrize("n_dims", [1, 3])
def test_signals_and_volumes_learn_every_family(family: str, n_dims: int) -> None:
    """A step of descent on one tap's value, against a difference quotient of the density."""
    kind = nn.Conv1d if n_dims == 1 else nn.Conv3d
    net = nn.Sequential(kind(1, 1, 3, padding=1, bias=False)).double()
    n_free = families.n_free(family, 3, n_dims)
    start = [0.8 + 0.1 * index / n_free for index in range(n_free)]
    own = {"start": start, "bounds": [[0.05, 4.0]] * n_free}
    learned = learn_density(net, learning(["0"], family=family, **own))
    weight = net.get_parameter("0.parametrizations.weight.original").detach().numpy()
    net[0].weight.square().sum().backward()  # type: ignore[operator]
    (vector,) = learned.vectors()
    assert vector.grad is not None

    def energy(values: list[float]) -> float:
        phi = families.build(family, 3, values, n_dims).phi
        return float(((weight * phi) ** 2).sum())

    for index, slope in enumerate(vector.grad.tolist()):
        ends = [[*start[:index], start[index] + h, *start[index + 1 :]] for h in (1e-6, -1e-6)]
        assert slope == pytest.approx((energy(ends[0]) - energy(ends[1])) / 2e-6, abs=1e-6)


def test_folding_writes_the_learned_density_into_the_weight() -> None:
    net = network()
    names = set(net.state_dict())
    weight = first_weight(net).detach().clone()
    learned = learn_density(net, SHARED)
    with torch.no_grad():
        learned.vectors()[0].fill_(0.5)
    x = torch.rand(2, 1, 8, 8)
    before = net(x)
    assert torch.equal(fold(net)(x), before)
    assert set(net.state_dict()) == names
    phi = torch.tensor(families.build("symmetric", 3, [0.5]).phi, dtype=torch.float32)
    assert torch.equal(first_weight(net), weight * phi)


def test_a_density_has_its_own_rate_and_no_decay() -> None:
    net = network()
    learned = learn_density(net, APART)
    weights, vectors = parameter_groups(net, learned.vectors(), 0.3)
    assert [p.shape for p in vectors["params"]] == [(1,), (1,)]
    assert (vectors["lr"], vectors["weight_decay"]) == (0.3, 0.0)
    assert set(weights) == {"params"}
    assert sorted(p.numel() for p in weights["params"]) == [2, 4, 4, 16, 36, 72]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"kernel_size": 5, "start": [1.0] * 2, "bounds": [[0, 2]] * 2},
            r"layer '0' has a kernel of shape \(3, 3\), the density has \(5, 5\)",
        ),
        ({"start": [1.0, 1.0]}, r"takes 1 value\(s\)"),
        ({"bounds": [[0.0, 2.0]] * 2}, r"takes 1 value\(s\)"),
        ({"bounds": [[2.0, 0.0]]}, "lower bound is above"),
        ({"family": "gaussian", "bounds": [[0.0, 2.0]]}, "sigma must be above 0"),
        ({"start": [float("nan")]}, "must be finite"),
        ({"layers": ["0", "2"]}, "no convolution '2'"),
        ({"layers": ["head"]}, "no convolution 'head'"),
    ],
)
def test_what_cannot_be_learned_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        learn_density(network(), learning(["0", "3"], **changes))


def test_a_layer_that_has_a_density_is_refused() -> None:
    net = network()
    learn_density(net, SHARED)
    with pytest.raises(DensityError, match="carries a density already"):
        learn_density(net, SHARED)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_a_density_decays_as_its_optimizer_does(optimizer: str) -> None:
    """Against the formulas of the papers in float64: L2 in SGD and Adam, decoupled in AdamW."""
    net = network()
    learned = learn_density(net, learning(["0", "3"], start=[0.9]))
    groups = parameter_groups(net, learned.vectors(), lr=0.02, weight_decay=0.3)
    built = build_optimizer(settings({"optimizer": optimizer, "lr": 0.01}), groups)
    (vector,) = learned.vectors()
    value, first, second = 0.9, 0.0, 0.0
    for step, slope in enumerate([0.5, -1.0, 0.25, 2.0, -0.125], start=1):
        vector.grad = torch.full_like(vector, slope)
        built.step()
        gradient = slope + (0.3 * value if optimizer != "adamw" else 0.0)
        if optimizer == "adamw":
            value -= 0.02 * 0.3 * value
        if optimizer == "sgd":
            first = 0.9 * first + gradient if step > 1 else gradient
            value -= 0.02 * first
        else:
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * gradient**2
            mean, scale = first / (1 - 0.9**step), (second / (1 - 0.999**step)) ** 0.5
            value -= 0.02 * mean / (scale + 1e-8)
        assert vector.item() == pytest.approx(value, rel=1e-12)
