"""Several labels of a sample: learned, and never smoothed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.stored_images import noise, store
from tests.support.trainings import SMALL_CNN, run, task
from workers.training.objectives import build_objective

CPU = torch.device("cpu")


PATCHES = {"patch_px": 16, "n_patches": 24}


def test_several_labels_are_learned(tmp_path: Path) -> None:
    """Each label is a channel that is bright."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, (80, 3)).astype(np.uint8)
    inputs = (noise(80, 3, 2) // 2 + 127 * labels[:, :, None, None]).astype(np.uint8)
    name = store(tmp_path, inputs, labels=labels, classes=("red", "green", "blue"))
    section = {"kind": "multilabel", "dataset": name}
    settings = {"epochs": 20, "batch_size": 8, "lr": 0.1}
    given = task(section, network=SMALL_CNN, training=settings, phi=None, data_dir=str(tmp_path))
    measurements, outcome = run(given)
    assert set(measurements[0].metrics) == {"train_loss", "val_loss", "val_label_accuracy"}
    assert set(outcome.metrics) == {
        "loss", "label_accuracy", "micro_f1", "macro_f1", "map", "constant_loss"
    }  # fmt: skip
    assert outcome.metrics["map"] > 0.95
    assert outcome.metrics["micro_f1"] > 0.9


def test_labels_are_smoothed_for_classes_alone() -> None:
    for kind in ("multilabel", "image_to_image"):
        names = {"multilabel": "mosaics", "image_to_image": "blurred_photos"}
        section = {"kind": kind, "dataset": names[kind], **PATCHES}
        with pytest.raises(ValueError, match="no classes"):
            build_objective(section, CPU, {"label_smoothing": 0.1})


def test_the_loss_is_the_mean_over_samples_and_labels() -> None:
    objective = build_objective({"kind": "multilabel", "dataset": "mosaics"}, CPU, {})
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]])
    right = torch.where(labels > 0, logits.sigmoid(), 1 - logits.sigmoid())
    assert float(objective.loss(logits, labels)) == pytest.approx(float(-right.log().mean()))
