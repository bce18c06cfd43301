"""NAFNet against its paper: its size, and its parts by their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.support.networks import (
    NAFNET,
    built,
    convolutions,
    n_parameters,
)
from workers.training.networks.nafnet import (
    ChannelAttention,
    ChannelNorm,
    NafBlock,
    NafNetModule,
    SimpleGate,
)


def test_nafnet_has_the_published_size() -> None:
    with torch.device("meta"):
        network = NafNetModule(
            3, 3, encoder=[1, 1, 1, 28], middle=1, decoder=[1] * 4, width=32, kernel_sizes=[3] * 5
        )
    # The paper's network for GoPro, width 32: 17.11 M.
    assert n_parameters(network) / 1e6 == pytest.approx(17.11, abs=0.005)


def test_the_density_is_carried_by_depthwise_convolutions() -> None:
    network = built({**NAFNET, "n_stages": 2, "depth": 2, "kernel_size": 5})
    spatial = [layer for layer in convolutions(network) if layer.kernel_size == (5, 5)]
    first, *inner, last = spatial
    assert (first.groups, last.groups) == (1, 1)
    # Two blocks down, two in the middle, two up; each works on twice its channels, 4, 8 and 4.
    assert [layer.groups for layer in inner] == [8, 8, 16, 16, 8, 8]
    assert all(layer.in_channels == layer.groups == layer.out_channels for layer in inner)
    assert {layer.kernel_size for layer in convolutions(network)} == {(1, 1), (5, 5)}


def test_channels_are_normalised_at_each_pixel() -> None:
    norm = ChannelNorm(6)
    images = torch.randn(2, 6, 4, 5) * 3 + 1
    got = norm(images).detach().numpy()
    values = images.numpy()
    centred = values - values.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_the_gate_multiplies_halves() -> None:
    images = torch.randn(2, 6, 3, 3)
    assert torch.equal(SimpleGate()(images), images[:, :3] * images[:, 3:])


def test_attention_weighs_channels_by_their_means() -> None:
    attention = ChannelAttention(3)
    images = torch.randn(2, 3, 4, 4)
    matrix = attention.weigh.weight.detach()[:, :, 0, 0]
    assert attention.weigh.bias is not None
    weights = images.mean(dim=(2, 3)) @ matrix.T + attention.weigh.bias.detach()
    torch.testing.assert_close(attention(images), images * weights[:, :, None, None])


def test_a_block_begins_as_the_identity() -> None:
    images = torch.randn(2, 4, 6, 5)
    block = NafBlock(4, kernel_size=3)
    assert torch.equal(block(images), images)
    torch.nn.init.ones_(block.beta)
    assert not torch.equal(block(images), images)
