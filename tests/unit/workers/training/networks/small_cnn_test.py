"""The small CNN."""

from __future__ import annotations

import pytest
import torch

from tests.unit.workers.training.networks.building import SMALL_CNN, built, n_parameters


@pytest.mark.parametrize("size_px", [1, 2, 3, 8, 25, 32])
@pytest.mark.parametrize("depth", [1, 2, 7])
def test_small_cnn_takes_images_of_any_size(size_px: int, depth: int) -> None:
    network = built({**SMALL_CNN, "depth": depth, "kernel_size": 5}, size_px, n_outputs=10)
    logits = network(torch.rand(3, 1, size_px, size_px))
    assert logits.shape == (3, 10)
    assert bool(torch.isfinite(logits).all())


def test_small_cnn_has_its_convolutions_and_its_head() -> None:
    # 1*16*9 + 16, 16*16*9 + 16, and 16*10 + 10.
    assert n_parameters(built(SMALL_CNN, n_outputs=10)) == 160 + 2320 + 170
