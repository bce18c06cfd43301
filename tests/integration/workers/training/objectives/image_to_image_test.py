"""Image to image: differences from the input, or from the mean of the targets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.stored_images import SIDES, noise, store
from tests.support.trainings import DNCNN, run, task
from workers.training.objectives import build_objective

CPU = torch.device("cpu")


PATCHES = {"patch_px": 16, "n_patches": 24}


PSNRS = {"psnr_db", "psnr_clipped_db"}


@pytest.mark.parametrize("n_dims", SIDES)
def test_pairs_are_learned_as_differences(n_dims: int, tmp_path: Path) -> None:
    inputs = noise(12, 2, n_dims) // 2
    targets = (inputs + 40).astype(np.uint8)
    name = store(tmp_path, inputs, targets)
    section = {"kind": "image_to_image", "dataset": name, **PATCHES, "n_patches": 96}
    settings = {"epochs": 4, "batch_size": 4, "lr": 0.02}
    given = task(section, network=DNCNN, training=settings, phi=None, data_dir=str(tmp_path))
    measurements, outcome = run(given)
    gaussian = {"ssim_gaussian"} if n_dims > 1 else set()  # which torchmetrics has for no signals
    assert (
        set(outcome.metrics)
        == {"loss", "input_psnr_db", "ssim", "constant_loss"} | PSNRS | gaussian
    )
    assert outcome.metrics["input_psnr_db"] == pytest.approx(20 * np.log10(255 / 40), abs=1e-3)
    assert outcome.metrics["psnr_db"] > outcome.metrics["input_psnr_db"] + 10
    assert measurements[-1].metrics["train_loss"] < measurements[0].metrics["train_loss"]


def test_targets_of_other_channels_are_learned_from_their_mean(tmp_path: Path) -> None:
    inputs = noise(12, 3, 2)
    grey = inputs.mean(axis=1, keepdims=True).astype(np.uint8)
    name = store(tmp_path, inputs, grey)
    section = {"kind": "image_to_image", "dataset": name, **PATCHES, "n_patches": 96}
    objective = build_objective(section, CPU, {}, str(tmp_path))
    assert (objective.shape.n_channels, objective.n_outputs) == (3, 1)
    nothing = torch.nn.Conv2d(3, 1, 1)
    torch.nn.init.zeros_(nothing.weight)
    assert nothing.bias is not None
    torch.nn.init.zeros_(nothing.bias)
    # To put out 0 is to say the mean: an error of the targets' own variance.
    found = objective.evaluate(nothing, "validation", thorough=True)
    assert found["loss"] == pytest.approx((grey / 255).var(), rel=0.1)
    assert set(found) == {"loss", "ssim", "ssim_gaussian", "constant_loss"} | PSNRS
    settings = {"epochs": 6, "batch_size": 8, "lr": 0.02}
    given = task(section, network=DNCNN, training=settings, phi=None, data_dir=str(tmp_path))
    value = run(given)[1].value
    assert value is not None
    assert value < found["loss"] / 4
