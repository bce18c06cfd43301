"""Restoration of images: losses of several networks at once, and metrics of each image's own."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from tests.support.trainings import DENOISING
from workers.training.objectives import build_objective

CPU = torch.device("cpu")


def test_the_loss_is_half_the_squared_error_for_each_network_alone() -> None:
    objective = build_objective({**DENOISING, "n_patches": 4}, CPU, {})
    generator = torch.Generator().manual_seed(0)
    outputs, targets = torch.randn(3, 2, 1, 4, 4, generator=generator), torch.ones(2, 1, 4, 4)
    by_hand = [0.5 * float((own - 1).square().mean()) for own in outputs]
    assert objective.losses(outputs, targets).tolist() == pytest.approx(by_hand, rel=1e-6)
    assert [float(objective.loss(own, targets)) for own in outputs] == pytest.approx(by_hand)


class Nothing(nn.Module):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(values)


def test_a_network_that_changes_nothing_has_the_inputs_own_metrics() -> None:
    objective = build_objective({**DENOISING, "n_patches": 4}, CPU, {})
    quick = objective.evaluate(Nothing(), "validation", thorough=False)
    assert list(quick) == ["loss", "psnr_clipped_db", "psnr_db"]
    found = objective.evaluate(Nothing(), "validation", thorough=True)
    assert found["psnr_db"] == found["noisy_psnr_db"] == quick["psnr_db"]
    assert found["psnr_db"] == pytest.approx(20 * math.log10(255 / 25), abs=0.05)
    assert found["psnr_clipped_db"] > found["psnr_db"]  # a part of the noise leaves the range
