"""Trainings on images of varying size, which are stored as they came."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from service.datasets.store.array_files import DamagedDatasetError
from service.datasets.store.encoded import IMAGES
from service.datasets.store.reader import folder_of, open_stored
from tests.support.interrupted import (
    Stores,
    facts,
    undisturbed,
    until_killed,
)
from tests.support.stored_images import blocks, store_damaged, store_images
from tests.support.trainings import run, task
from workers.training import checkpoint_store
from workers.training.data import reading
from workers.training.data.registry import labelled_dataset
from workers.training.data.stored import PREFIX
from workers.training.generators import generator, generators_of
from workers.training.loop import train
from workers.training.objectives import build_objective
from workers.training.task import Status, TrainingTask

CPU = torch.device("cpu")


def epoch(name: str, data_dir: Path, batch_size: int, **changes: Any) -> list[tuple[Any, ...]]:
    data = labelled_dataset("classification", name, CPU, str(data_dir), 16)
    given: dict[str, Any] = {"flips": True, **changes}
    return list(data.splits["train"].epoch(batch_size, generator(5), **given))


def test_images_of_varying_size_are_classified(training: TrainingTask) -> None:
    _, outcome = run(training)
    assert outcome.status is Status.COMPLETED
    assert outcome.metrics["accuracy"] == 1.0


def test_a_training_that_is_killed_continues_with_the_same_bits(
    training: TrainingTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_store, "REST", 0.0)
    stores = Stores(tmp_path)
    expected = undisturbed(training)
    until_killed(training, 9, stores())  # in the second epoch of 6 batches
    rows: list[int] = []

    def seen(wanted: reading.Wanted) -> reading.Squares:
        if wanted.key is not None:
            rows.extend(wanted.rows)
        return reading.read(wanted)

    monkeypatch.setattr("workers.training.data.readers.read", seen)
    assert facts(list(train(training, store=stores(say=stores.said.append)))) == expected
    assert any("continues after 9 steps" in said for said in stores.said), stores.said
    # The batches that it had trained on are not decoded again.
    assert len(rows) == 2 * 48 - 3 * 8


def test_what_is_cut_out_depends_on_epoch_and_image_alone(name: str, data_dir: Path) -> None:
    one, other = (epoch(name, data_dir, n) for n in (7, 20))
    for part in (0, 1):
        assert torch.equal(*(torch.cat([batch[part] for batch in all_]) for all_ in (one, other)))
    later = epoch(name, data_dir, 7, first=2)
    assert len(later) == len(one) - 2
    for ours, theirs in zip(later, one[2:], strict=True):
        assert torch.equal(ours[0], theirs[0])
    assert epoch(name, data_dir, 7, first=len(one)) == []


def test_an_epoch_draws_boxes_of_its_own_and_flips_where_asked(name: str, data_dir: Path) -> None:
    data = labelled_dataset("classification", name, CPU, str(data_dir), 16)
    order = generator(1)
    first, second = (
        images_of(data.splits["train"].epoch(8, order, flips=False)) for _ in range(2)
    )
    assert first.shape == (48, 3, 16, 16)
    assert not {image.tobytes() for image in first} & {image.tobytes() for image in second}
    (plain, _), (turned, _) = (
        epoch(name, data_dir, 48, flips=flips)[0] for flips in (False, True)
    )
    is_same = [torch.equal(a, b) for a, b in zip(plain, turned, strict=True)]
    is_mirrored = [torch.equal(a, b.flip(-1)) for a, b in zip(plain, turned, strict=True)]
    assert all(a or b for a, b in zip(is_same, is_mirrored, strict=True))
    assert 10 < sum(is_mirrored) < 38


def images_of(batches: Iterator[tuple[Tensor, Tensor]]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = torch.cat([images for images, _ in batches]).numpy()
    return found


def test_they_are_judged_on_the_middle_and_standardised(name: str, data_dir: Path) -> None:
    data = labelled_dataset("classification", name, CPU, str(data_dir), 16)
    found = open_stored(data_dir, name.removeprefix(PREFIX))
    for split in ("train", "validation", "test"):
        ((images, labels),) = data.splits[split].batches(100)
        assert labels.tolist() == np.asarray(found.labels)[found.rows(split)].tolist()
        ((again, _),) = data.splits[split].batches(100)
        assert torch.equal(images, again)
    ((images, _),) = data.splits["train"].batches(100)
    assert images.mean().abs() < 0.1
    assert (images.std() - 1).abs() < 0.1


def test_denoising_takes_the_images_whole(name: str, data_dir: Path) -> None:
    section = {
        "kind": "denoising", "dataset": name, "noise_sigma": 25.0, "patch_px": 16, "n_patches": 8,
    }  # fmt: skip
    objective = build_objective(section, CPU, {}, str(data_dir))
    ((inputs, _),) = objective.batches(8, generators_of(0, CPU))
    assert inputs.shape == (8, 3, 16, 16)


def test_several_labels_are_learned_from_images_as_they_came(tmp_path: Path) -> None:
    files, labels = blocks(40, form="PNG")
    both = np.array([[label, 1 - label] for label in labels], dtype=np.uint8)
    section = {"kind": "multilabel", "dataset": store_images(tmp_path, files, both), "size_px": 8}
    of = task(section, training={"epochs": 1}, phi=None, data_dir=str(tmp_path))
    assert run(of)[1].status is Status.COMPLETED


@pytest.mark.parametrize(
    ("how", "reason"), [("cut off", "should hold"), ("changed", "its bytes have changed")]
)
def test_a_file_that_was_damaged_is_named(how: str, reason: str, tmp_path: Path) -> None:
    name = store_damaged(tmp_path, how)
    section = {"kind": "classification", "dataset": name, "size_px": 16}
    of = task(section, training={"epochs": 1}, phi=None, data_dir=str(tmp_path))
    with pytest.raises(DamagedDatasetError, match=f"{IMAGES}.*{reason}.*store the set again"):
        run(of)
    # Storing it again mends it for a process that has seen it damaged.
    folder = folder_of(tmp_path, name.removeprefix(PREFIX))
    (folder / "whole").rename(folder / IMAGES)
    assert run(of)[1].status is Status.COMPLETED


def test_a_file_that_is_cut_off_during_a_training_is_named(tmp_path: Path) -> None:
    name = store_images(tmp_path, *blocks(60))
    path = folder_of(tmp_path, name.removeprefix(PREFIX)) / IMAGES
    section = {"kind": "classification", "dataset": name, "size_px": 16}
    of = task(section, training={"epochs": 5}, phi=None, data_dir=str(tmp_path))
    training = train(of)
    next(training)
    os.truncate(path, 100)
    with pytest.raises(DamagedDatasetError, match="damaged at image"):
        list(training)


def test_what_does_not_fit_is_refused(name: str, data_dir: Path) -> None:
    where = str(data_dir)
    with pytest.raises(ValueError, match="give size_px"):
        labelled_dataset("classification", name, CPU, where)
    with pytest.raises(ValueError, match="not of digits"):
        labelled_dataset("classification", "digits", CPU, where, 16)
    section = {"kind": "classification", "dataset": name, "size_px": 16}
    moved = {"augmentation": {"flip": True, "crop_padding_px": 2}}
    with pytest.raises(ValueError, match="not moved"):
        build_objective(section, CPU, moved, where)
