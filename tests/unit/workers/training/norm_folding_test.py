"""Batch norm folded into convolutions: the same outputs, and what is no such pair left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from densearch.nn.operator import apply_density, is_weighted
from densearch.plugins.shape import InputShape
from workers.training.networks import build_network
from workers.training.norm_folding import fold_batch_norm


def used(network: nn.Module, samples: Tensor) -> nn.Module:
    """Give norms values of their own, as a training does, and judge."""
    torch.manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.affine:
            nn.init.uniform_(layer.weight, 0.5, 2.0)
            nn.init.normal_(layer.bias)
    with torch.no_grad():
        for _ in range(3):
            network.train()(2 * samples + 0.5)
    return network.eval()


def norms(network: nn.Module) -> list[str]:
    kinds = nn.modules.batchnorm._NormBase
    return [name for name, layer in network.named_modules() if isinstance(layer, kinds)]


def check(network: nn.Module, samples: Tensor) -> list[str]:
    """Fold, hold the outputs to those before, and return the names of the norms that are gone."""
    used(network, samples)
    before = norms(network)
    with torch.no_grad():
        expected = network(samples)
        gone = fold_batch_norm(network)
        found = network(samples)
    assert [name for name in before if name not in gone] == norms(network)
    assert float((found - expected).abs().max()) <= 3e-6 * float(expected.abs().max())
    return gone


NETWORKS = {
    "vgg": ({"depth": 3, "n_stages": 2}, 10, 3),
    "resnet": ({"depth": 1, "n_stages": 2}, 10, 6),  # with StridedPointwise
    "dncnn": ({"depth": 4}, 1, 2),  # its first and last convolutions have none
    "unet": ({"depth": 1, "n_stages": 2}, 1, 3),
    "nafnet": ({"depth": 1, "n_stages": 2}, 1, 0),
    "small_cnn": ({"depth": 2}, 10, 0),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_networks_give_the_same_outputs_without_their_norms(kind: str) -> None:
    settings, n_outputs, n_norms = NETWORKS[kind]
    section = {"kind": kind, "width": 4, "kernel_size": 3, **settings}
    network = build_network(section, InputShape(1, 12), n_outputs, torch.Generator())
    apply_density(network, [[0.5, 1, 0.5], [1, 1.5, 1], [0.5, 1, 0.5]])
    gone = check(network, torch.randn(2, 1, 12, 12))
    assert len(gone) == n_norms
    assert norms(network) == []
    assert not any(is_weighted(layer) for layer in network.modules())  # the densities too


def test_signals_volumes_and_transposed_convolutions_are_folded() -> None:
    signals = nn.Sequential(nn.Conv1d(2, 6, 3, groups=2), nn.BatchNorm1d(6, affine=False))
    assert check(signals, torch.randn(4, 2, 9)) == ["1"]
    volumes = nn.Sequential(nn.Conv3d(1, 2, 3, padding=1), nn.BatchNorm3d(2, momentum=None))
    assert check(volumes, torch.randn(2, 1, 4, 4, 4)) == ["1"]
    doubled = nn.Sequential(nn.ConvTranspose2d(3, 5, 2, 2, bias=False), nn.BatchNorm2d(5))
    assert check(doubled, torch.randn(2, 3, 5, 5)) == ["1"]
    grouped = nn.Sequential(nn.ConvTranspose2d(4, 4, 2, groups=2), nn.BatchNorm2d(4))
    assert check(grouped, torch.randn(2, 4, 5, 5)) == []


class Shaped(nn.Module):
    """A pass that asks for values: it cannot be traced, its blocks can."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.last = nn.Conv2d(4, 4, 1)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, images: Tensor) -> Tensor:
        features = self.block(images)
        if float(features.sum()) > 1e9:
            features = features * 2
        outputs: Tensor = self.norm(self.last(features))
        return outputs


def test_where_a_pass_cannot_be_traced_its_blocks_are_folded() -> None:
    assert check(Shaped(), torch.randn(2, 1, 6, 6)) == ["block.1"]


class Joined(nn.Module):
    """A convolution and a norm, put together by what a test passes in."""

    def __init__(
        self, joined: Callable[[Joined, Tensor], Tensor], norm: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = norm or nn.BatchNorm2d(3)
        self._joined = joined

    def forward(self, images: Tensor) -> Tensor:
        return self._joined(self, images)


class Scaled(nn.BatchNorm2d):
    """Of another kind: derived from torch's, with a pass of its own."""

    def forward(self, images: Tensor) -> Tensor:
        return 2 * super().forward(images).relu()


class BatchNormAct2d(nn.BatchNorm2d):
    """As timm's, of whose module it says it is."""

    __module__ = "timm.layers.norm_act"

    def __init__(self, n_channels: int) -> None:
        super().__init__(n_channels)
        self.drop, self.act = nn.Identity(), nn.SiLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        normalised = nn.functional.batch_norm(
            images,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training,
            eps=self.eps,
        )
        outputs: Tensor = self.act(self.drop(normalised))
        return outputs


def one(own: Joined, images: Tensor) -> Tensor:
    outputs: Tensor = own.norm(own.convolution(images))
    return outputs


def norm_first(own: Joined, images: Tensor) -> Tensor:
    outputs: Tensor = own.convolution(own.norm(images))
    return outputs


def read_elsewhere(own: Joined, images: Tensor) -> Tensor:
    features = own.convolution(images)
    outputs: Tensor = own.norm(features) + features
    return outputs


def norm_twice(own: Joined, images: Tensor) -> Tensor:
    outputs: Tensor = own.norm(own.norm(own.convolution(images)))
    return outputs


def convolution_twice(own: Joined, images: Tensor) -> Tensor:
    outputs: Tensor = own.norm(own.convolution(own.convolution(images).relu()))
    return outputs


def weight_read(own: Joined, images: Tensor) -> Tensor:
    outputs: Tensor = own.norm(own.convolution(images)) + own.convolution.weight.sum()
    return outputs


def between(own: Joined, images: Tensor) -> Tensor:
    outputs: Tensor = own.norm(own.convolution(images).relu())
    return outputs


@pytest.mark.parametrize(
    ("joined", "norm"),
    [
        (norm_first, None),
        (read_elsewhere, None),
        (norm_twice, None),
        (convolution_twice, None),
        (weight_read, None),
        (between, None),
        (one, nn.BatchNorm2d(3, track_running_stats=False)),
        (one, nn.InstanceNorm2d(3, track_running_stats=True)),
        (one, nn.GroupNorm(1, 3)),
        (one, Scaled(3)),
    ],
)
def test_what_is_no_pair_stays(
    joined: Callable[[Joined, Tensor], Tensor], norm: nn.Module | None
) -> None:
    assert check(Joined(joined, norm), torch.randn(2, 3, 6, 6)) == []


def test_timm_s_norm_leaves_its_activation() -> None:
    network = Joined(one, BatchNormAct2d(3))
    assert check(network, torch.randn(2, 3, 6, 6)) == ["norm"]
    assert any(isinstance(layer, nn.SiLU) for layer in network.modules())


def test_what_is_shared_stays() -> None:
    norm, convolution = nn.BatchNorm2d(3), nn.Conv2d(3, 3, 1)
    of_two = nn.Sequential(nn.Conv2d(3, 3, 3), norm, nn.Conv2d(3, 3, 3), norm)
    assert check(of_two, torch.randn(2, 3, 8, 8)) == []
    of_one = nn.Sequential(convolution, nn.BatchNorm2d(3), convolution, nn.BatchNorm2d(3))
    assert check(of_one, torch.randn(2, 3, 8, 8)) == []


def test_a_tied_weight_is_folded_where_a_norm_follows_and_stays_where_none_does() -> None:
    first, last = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
    last.weight = first.weight
    assert check(nn.Sequential(first, nn.BatchNorm2d(3), last), torch.randn(2, 3, 4, 4)) == ["1"]


def test_a_layer_with_a_hook_stays() -> None:
    network = Joined(one)
    network.convolution.register_forward_hook(lambda _, __, features: features.relu())
    assert check(network, torch.randn(2, 3, 6, 6)) == []


def test_a_norm_that_still_trains_stays_and_a_frozen_one_is_folded() -> None:
    first = Joined(one)
    network = nn.Sequential(first, Joined(one)).eval()
    first.norm.train()
    assert fold_batch_norm(network) == ["1.norm"]
    frozen = Joined(one)
    frozen.norm.eval().requires_grad_(requires_grad=False)
    assert check(frozen, torch.randn(2, 3, 6, 6)) == ["norm"]


def test_a_network_in_train_mode_is_refused_and_stays() -> None:
    network = Joined(one)
    with pytest.raises(ValueError, match=r"call network\.eval\(\) first"):
        fold_batch_norm(network)
    assert norms(network) == ["norm"]
