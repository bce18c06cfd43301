"""A stored set of images of varying size, and a training on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.stored_images import blocks, store_images
from tests.support.trainings import task
from workers.training.task import TrainingTask


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def name(data_dir: Path) -> str:
    return store_images(data_dir, *blocks(80))


@pytest.fixture
def training(name: str, data_dir: Path) -> TrainingTask:
    section = {"kind": "classification", "dataset": name, "size_px": 16}
    augmentation = {"flip": True, "crop_padding_px": 0}
    settings = {"epochs": 3, "batch_size": 8, "augmentation": augmentation}
    return task(section, training=settings, phi=None, data_dir=str(data_dir))
