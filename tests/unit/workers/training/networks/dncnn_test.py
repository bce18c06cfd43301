"""DnCNN against its paper."""

from __future__ import annotations

import pytest
import torch

from tests.support.networks import DNCNN, built, n_parameters


def test_dncnn_has_the_published_layers() -> None:
    # First 1*16*9 + 16, three of 16*16*9 with two batch-norm vectors each, last 16*9 + 1.
    network = built(DNCNN)
    assert n_parameters(network) == 160 + 3 * (2304 + 32) + 145
    kinds = [type(layer).__name__ for layer in network.children()]
    middle = ["Conv2d", "BatchNorm2d", "ReLU"]
    assert kinds == ["Conv2d", "ReLU", *middle * 3, "OneChannelConv2d"]


@pytest.mark.parametrize("size", [3, 5, 7, 31])
@pytest.mark.parametrize("depth", [2, 3])
def test_dncnn_keeps_the_image_size(size: int, depth: int) -> None:
    network = built({**DNCNN, "kernel_size": size, "depth": depth, "width": 3})
    assert network(torch.rand(2, 1, 16, 21)).shape == (2, 1, 16, 21)
