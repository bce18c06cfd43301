"""The built-in sets: their shapes are those that the service states, and their splits differ."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from service.datasets.subsets import least_size
from service.tasks.families import LabelledTask, PatchTask
from service.tasks.registry import TASKS, built_in_sets
from workers.training.data.registry import labelled_dataset, patch_dataset
from workers.training.data.subset import Subset

CPU = torch.device("cpu")
SPLITS = ("train", "validation", "test")
LABELLED, PATCHED = (
    [(kind, name) for kind, name, _ in built_in_sets() if issubclass(TASKS[kind].section, family)]
    for family in (LabelledTask, PatchTask)
)


@pytest.mark.parametrize(("kind", "name"), LABELLED)
def test_the_service_knows_the_shape_of_labelled_sets(kind: str, name: str) -> None:
    data = labelled_dataset(kind, name, CPU)
    info = TASKS[kind].sets[name]
    known = (info.n_dims, info.n_channels, info.size_px, info.n_outputs, info.n_training)
    shape, n_training = data.shape, len(data.splits["train"].labels)
    assert known == (
        shape.n_dims, shape.n_channels, shape.size_px, data.n_outputs, n_training
    )  # fmt: skip
    assert info.is_uniform
    labels = data.splits["train"].labels
    least = least_size(np.bincount(labels).tolist()) if labels.dim() == 1 else None
    assert info.least_n_train == least
    assert labelled_dataset(kind, name, CPU) is data


@pytest.mark.parametrize(("kind", "name"), PATCHED)
def test_the_service_knows_the_shape_of_sets_of_patches(kind: str, name: str) -> None:
    data = patch_dataset(kind, name, CPU)
    info = TASKS[kind].sets[name]
    known = (info.n_dims, info.n_channels, info.n_outputs)
    assert known == (data.n_dims, data.n_channels[0], data.n_outputs)
    assert info.n_training == len(data.splits["train"])
    assert info.size_px in {None, min(data.splits[split].least_px for split in SPLITS)}
    assert patch_dataset(kind, name, CPU) is data


@pytest.mark.parametrize(("kind", "name"), LABELLED)
def test_what_is_trained_on_is_standardised_and_in_no_other_split(kind: str, name: str) -> None:
    data = labelled_dataset(kind, name, CPU)
    splits = {
        split: torch.cat([x for x, _ in data.splits[split].batches(512)]) for split in SPLITS
    }
    assert float(splits["train"].mean()) == pytest.approx(0.0, abs=1e-3)
    assert float(splits["train"].std()) == pytest.approx(1.0, abs=1e-3)
    seen = [{sample.numpy().tobytes() for sample in splits[split]} for split in SPLITS]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]


@pytest.mark.parametrize("name", ["digits", "textures", "faces", "waveforms"])
def test_every_class_is_in_every_split(name: str) -> None:
    data = labelled_dataset("classification", name, CPU)
    for split in data.splits.values():
        assert set(split.labels.tolist()) == set(range(data.n_outputs))


@pytest.mark.parametrize(("kind", "name"), PATCHED)
def test_what_is_judged_are_other_samples(kind: str, name: str) -> None:
    data = patch_dataset(kind, name, CPU)
    seen = [
        {
            window.numpy().tobytes()
            for _, _, parts in data.splits[split].tiles()
            for window in parts[-1]
        }
        for split in SPLITS
    ]
    assert sum(map(len, seen)) == len(set.union(*seen))
    ((*_, crops),) = data.crops
    if name in ("phantoms", "collages"):
        assert {crop.numpy().tobytes() for crop in crops} == seen[1]
    else:
        assert crops.shape == (24, 1, 96, 96)


def test_a_subset_shares_the_memory_of_the_whole_set_and_stays_loaded() -> None:
    part = Subset(100, 3)
    whole = labelled_dataset("classification", "digits", CPU, None, None, None)
    found = labelled_dataset("classification", "digits", CPU, None, None, part)
    assert labelled_dataset("classification", "digits", CPU, None, None, Subset(100, 3)) is found
    assert found.splits["test"] is whole.splits["test"]
    photos = patch_dataset("denoising", "photos", CPU, None, Subset(2, 0))
    assert photos.crops is patch_dataset("denoising", "photos", CPU, None, None).crops
