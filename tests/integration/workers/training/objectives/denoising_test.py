"""Denoising: photographs that were not seen, and noise that is the same for every trial."""

from __future__ import annotations

import pytest
import torch

from tests.support.trainings import (
    DENOISING,
    run,
    task,
)
from workers.training.generators import generators_of
from workers.training.objectives import build_objective
from workers.training.objectives.denoising import DenoisingObjective


def test_denoising_really_denoises_photographs_it_has_not_seen() -> None:
    measurements, outcome = run(task(split="test", training={"epochs": 4}))
    assert [m.epoch for m in measurements] == [1, 2, 3, 4]
    assert set(measurements[0].metrics) == {
        "train_loss", "val_loss", "val_psnr_clipped_db", "val_psnr_db"
    }  # fmt: skip
    assert set(outcome.metrics) == {
        "loss", "psnr_clipped_db", "ssim_gaussian", "psnr_db", "ssim", "noisy_psnr_db",
        "constant_loss",
    }  # fmt: skip
    # 20 log10(255 / 25) = 20.17 dB; a 3x3 mean filter reaches less than 25 dB on these.
    assert outcome.metrics["noisy_psnr_db"] == pytest.approx(20.17, abs=0.05)
    assert outcome.metrics["psnr_db"] > 25.0
    assert outcome.value == outcome.metrics["loss"] < 10**-2.5


def test_seeds_change_the_training_and_not_the_judged_noise() -> None:
    tiny = {**DENOISING, "n_patches": 64}
    one, two = (run(task(tiny, seed=seed))[1] for seed in (0, 1))
    assert one.value != two.value
    assert one.metrics["noisy_psnr_db"] == two.metrics["noisy_psnr_db"]


def test_who_knows_the_noise_restores_the_image() -> None:
    """An output is the noise in units of its deviation."""
    section = {**DENOISING, "n_patches": 4, "patch_px": 16}
    objective = build_objective(section, torch.device("cpu"), {})
    assert isinstance(objective, DenoisingObjective)
    ((inputs, noise),) = objective.batches(4, generators_of(0, torch.device("cpu")))
    assert noise.std() == pytest.approx(1.0, abs=0.1)
    noisy = inputs * objective.data.normalise.span + objective.data.normalise.low
    clean = objective.restored(noisy, noise)
    assert clean.min() > -1e-6
    assert clean.max() < 1 + 1e-6
    # Half the squared error of an output, times the unit, is the squared error of the image.
    loss = float(objective.loss(torch.zeros_like(noise), noise)) * objective.loss_unit
    assert loss == pytest.approx(float((noisy - clean).square().mean()), rel=1e-4)
