"""The weighted convolution against torch's own functions and the authors' formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from densearch.nn.operator import DensityError, apply_density, fold, is_weighted

FLOAT64 = torch.float64
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]


def density(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=FLOAT64) * 2


def test_one_axis_is_conv1d_with_the_product() -> None:
    layer = nn.Conv1d(4, 6, 5, stride=2, padding=2, dilation=2, groups=2, dtype=FLOAT64)
    weight, phi, x = (
        layer.weight.detach().clone(),
        density(5),
        torch.randn(3, 4, 31, dtype=FLOAT64),
    )
    apply_density(layer, phi)
    expected = functional.conv1d(x, weight * phi, layer.bias, 2, 2, 2, 2)
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=0)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_two_axes_are_conv2d_with_the_product(groups: int, bias: bool) -> None:
    layer = nn.Conv2d(4, 6, 3, padding=2, dilation=2, groups=groups, bias=bias, dtype=FLOAT64)
    weight, phi = layer.weight.detach().clone(), density(3, 3)
    x = torch.randn(2, 4, 9, 11, dtype=FLOAT64)
    apply_density(layer, phi)
    expected = functional.conv2d(x, weight * phi, layer.bias, 1, 2, 2, groups)
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=0)


def test_three_axes_are_conv3d_with_the_product() -> None:
    layer = nn.Conv3d(2, 3, 3, padding=1, dtype=FLOAT64)
    weight, phi = layer.weight.detach().clone(), density(3, 3, 3)
    x = torch.randn(2, 2, 5, 6, 7, dtype=FLOAT64)
    apply_density(layer, phi)
    expected = functional.conv3d(x, weight * phi, layer.bias, padding=1)
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("layer", "function", "phi", "x"),
    [
        (nn.ConvTranspose1d(4, 3, 3), functional.conv_transpose1d, density(3), (2, 4, 7)),
        (nn.ConvTranspose2d(4, 3, 5), functional.conv_transpose2d, density(5, 5), (2, 4, 7, 8)),
        (
            nn.ConvTranspose3d(4, 3, 3),
            functional.conv_transpose3d,
            density(3, 3, 3),
            (1, 4, 3, 4, 5),
        ),
    ],
)
def test_transposed_convolutions_are_weighted_as_their_weight_is_stored(
    layer: nn.ConvTranspose2d, function: Callable[..., Tensor], phi: Tensor, x: tuple[int, ...]
) -> None:
    weight, images = layer.weight.detach().clone(), torch.randn(x)
    apply_density(layer, phi)
    torch.testing.assert_close(layer(images), function(images, weight * phi.float(), layer.bias))


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_padding_modes_pad_the_image_and_leave_the_density_alone(mode: PaddingMode) -> None:
    layer = nn.Conv2d(1, 2, 3, padding=1, padding_mode=mode, dtype=FLOAT64)
    weight, phi = layer.weight.detach().clone(), density(3, 3)
    x = torch.randn(1, 1, 6, 6, dtype=FLOAT64)
    apply_density(layer, phi)
    how = "constant" if mode == "zeros" else mode
    padded = functional.pad(x, (1, 1, 1, 1), mode=how)
    torch.testing.assert_close(layer(x), functional.conv2d(padded, weight * phi, layer.bias))


@pytest.mark.parametrize("den", [[0.7], [0.3, 1.5], [0.06, 1.2, 1.6]])
def test_den_means_what_the_authors_compute(den: list[float]) -> None:
    """Their operator: unfold the image, weight every tap by alpha_i alpha_j, sum. No conv used."""
    alpha = np.array([*den, 1.0, *den[::-1]])
    size = len(alpha)
    layer = nn.Conv2d(2, 3, size, padding=size // 2, dtype=FLOAT64)
    weight = layer.weight.detach().numpy().copy()
    bias = layer.bias.detach().numpy().copy()  # type: ignore[union-attr]
    image = np.random.default_rng(0).standard_normal((2, 8, 9))
    padded = np.pad(image, ((0, 0), (size // 2,) * 2, (size // 2,) * 2))
    expected = np.zeros((3, 8, 9))
    for i in range(size):
        for j in range(size):
            window = padded[:, i : i + 8, j : j + 9]
            expected += alpha[i] * alpha[j] * np.einsum("oc,chw->ohw", weight[:, :, i, j], window)
    apply_density(layer, np.outer(alpha, alpha))
    got = layer(torch.from_numpy(image)[None])[0].detach().numpy()
    np.testing.assert_allclose(got, expected + bias[:, None, None], rtol=1e-12, atol=1e-12)


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 3, padding=1)
    )


def test_kernels_of_one_tap_carry_no_density() -> None:
    net = network()
    assert apply_density(net, density(3, 3)) == ["0", "3"]
    assert [is_weighted(layer) for layer in net] == [True, False, False, True]


def test_only_the_named_layers_are_weighted() -> None:
    net = network()
    assert apply_density(net, density(3, 3), layers=["3"]) == ["3"]
    assert [is_weighted(layer) for layer in net] == [False, False, False, True]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_folding_gives_plain_convolutions_with_bitwise_equal_outputs(
    layout: torch.memory_format,
) -> None:
    net = network().to(memory_format=layout)  # type: ignore[call-overload]
    names = set(net.state_dict())
    apply_density(net, density(3, 3))
    x = torch.randn(4, 1, 17, 16).contiguous(memory_format=layout)
    before = net(x)
    assert fold(net) is net
    assert torch.equal(net(x), before)
    assert [type(layer) for layer in net] == [nn.Conv2d, nn.ReLU, nn.Conv2d, nn.Conv2d]
    assert set(net.state_dict()) == names


def test_folding_leaves_other_parametrizations_alone() -> None:
    net = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)))
    fold(net)
    assert nn.utils.parametrize.is_parametrized(net[0], "weight")


@pytest.mark.parametrize(
    ("net", "phi", "layers", "message"),
    [
        (network(), density(5, 5), None, r"layer '0' has a kernel of shape \(3, 3\).*\(5, 5\)"),
        (nn.Sequential(nn.Conv2d(1, 1, (1, 3))), density(3, 3), None, r"layer '0'.*\(1, 3\)"),
        (network(), density(3), None, r"layer '0' has a kernel of shape \(3, 3\).*\(3,\)"),
        (network(), density(3, 3), ["2"], r"layer '2' has a kernel of shape \(1, 1\)"),
        (network(), density(3, 3), ["1"], "layer '1' is a ReLU"),
        (network(), density(3, 3), ["9", "0"], "no layer '9'"),
        (nn.Sequential(nn.Conv2d(1, 1, 1)), density(3, 3), None, "no convolution with a kernel"),
        (network(), density(3, 3) * torch.nan, None, "not finite"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    net: nn.Sequential, phi: Tensor, layers: list[str] | None, message: str
) -> None:
    with pytest.raises(DensityError, match=message):
        apply_density(net, phi, layers)
    assert not any(is_weighted(layer) for layer in net.modules())


@pytest.mark.parametrize("layers", [None, ["0"], ["2"]])
def test_tied_weights_are_refused(layers: list[str] | None) -> None:
    """V = W * Phi would hold the density once for each layer that W belongs to."""
    first, last = nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3)
    last.weight = first.weight
    network = nn.Sequential(first, nn.ReLU(), last)
    with pytest.raises(DensityError, match=r"shares its weight with '[02]'"):
        apply_density(network, density(3, 3), layers)
    assert not any(is_weighted(layer) for layer in network)
    used_twice = nn.Sequential(first, nn.ReLU(), first)
    del last
    assert apply_density(used_twice, density(3, 3)) == ["0"]


def test_a_second_density_is_refused() -> None:
    net = network()
    apply_density(net, density(3, 3))
    with pytest.raises(DensityError, match="layer '0' carries a density already"):
        apply_density(net, density(3, 3))


def small_net(phi: Tensor | None, seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Conv2d(3, 2, 3)).double()
    if phi is not None:
        apply_density(net, phi)
    return net


def equivalent(phi: Tensor) -> nn.Sequential:
    """Plain convolutions that start from V0 = W0 * Phi."""
    plain = small_net(None)
    with torch.no_grad():
        for weight in kernels(plain):
            weight.mul_(phi)
    return plain


def kernels(net: nn.Sequential) -> list[Tensor]:
    return [layer.weight for layer in net if isinstance(layer, nn.Conv2d)]


def signed_density() -> Tensor:
    phi = density(3, 3) + 0.1
    phi[0, 1] *= -1
    return phi


def backward(net: nn.Sequential, optimizer: torch.optim.Optimizer, step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    x = torch.randn(4, 1, 8, 8, generator=generator, dtype=FLOAT64)
    optimizer.zero_grad()
    (net(x) - x[:, :, 2:-2, 2:-2]).square().mean().backward()


SGD_SETTINGS = [
    {"lr": 0.1},
    {"lr": 0.1, "momentum": 0.9},
    {"lr": 0.05, "momentum": 0.9, "nesterov": True},
    {"lr": 0.1, "momentum": 0.9, "dampening": 0.3},
    {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01},
    {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.02},
]


@pytest.mark.parametrize("settings", SGD_SETTINGS)
def test_sgd_on_w_is_sgd_on_v_with_gradients_times_phi_squared(settings: dict[str, Any]) -> None:
    """A density acts as an initial scale and a learning rate for each tap, nothing else."""
    phi = signed_density()
    weighted, plain = small_net(phi), equivalent(phi)
    on_w = torch.optim.SGD(weighted.parameters(), **settings)
    on_v = torch.optim.SGD(plain.parameters(), **settings)
    for step in range(100):
        backward(weighted, on_w, step)
        backward(plain, on_v, step)
        for kernel in kernels(plain):
            assert kernel.grad is not None
            kernel.grad *= phi**2
        on_w.step()
        on_v.step()
        torch.testing.assert_close(kernels(weighted), kernels(plain), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("kind", "decay"), [(torch.optim.Adam, 0.0), (torch.optim.AdamW, 0.05)])
def test_adam_on_w_is_adam_on_v_with_updates_times_phi(
    kind: Callable[..., torch.optim.Optimizer], decay: float
) -> None:
    """The update, not the gradient, is multiplied by |Phi|; decoupled decay is not.

    Exact with eps = 0, since Adam divides the gradient's scale away.
    """
    phi, lr = signed_density(), 0.01
    weighted, plain = small_net(phi), equivalent(phi)
    on_w = kind(weighted.parameters(), lr=lr, eps=0.0, weight_decay=decay)
    on_v = kind(plain.parameters(), lr=lr, eps=0.0, weight_decay=decay)
    for step in range(50):
        backward(weighted, on_w, step)
        backward(plain, on_v, step)
        decayed = [(1 - lr * decay) * kernel.detach() for kernel in kernels(plain)]
        on_w.step()
        on_v.step()
        with torch.no_grad():
            for kernel, old in zip(kernels(plain), decayed, strict=True):
                kernel.copy_(old + phi.abs() * (kernel - old))
        torch.testing.assert_close(kernels(weighted), kernels(plain), rtol=0, atol=1e-11)
