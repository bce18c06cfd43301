"""Trainings on stored sets of every kind and number of axes, read or held."""

from __future__ import annotations

import gc
import shutil
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from densearch.plugins.shape import Split
from service.datasets.store.array_files import DamagedDatasetError
from service.datasets.store.reader import folder_of, open_stored
from service.records import STORED
from tests.support.interrupted import (
    Stores,
    facts,
    killed_at,
    undisturbed,
    until_killed,
)
from tests.support.stored_images import SIDES, blocks, noise, store, store_images
from tests.support.trainings import DNCNN, SMALL_CNN, run, task
from workers.training import checkpoint_store
from workers.training.data.registry import KEPT, labelled_dataset, patch_dataset
from workers.training.data.stored import PREFIX, stored_labelled, stored_patches
from workers.training.data.targets import IMAGES
from workers.training.generators import generator, generators_of
from workers.training.loop import train
from workers.training.objectives import build_objective
from workers.training.objectives.denoising import DenoisingObjective
from workers.training.objectives.labelled import LabelledObjective
from workers.training.task import Status

CPU = torch.device("cpu")
PATCHES = {"patch_px": 16, "n_patches": 24}
PSNRS = {"psnr_db", "psnr_clipped_db"}
SPLITS: tuple[Split, ...] = ("validation", "test")


def halves(n: int, n_channels: int, n_dims: int) -> tuple[NDArray[np.uint8], list[int]]:
    """Samples of two classes: dark ones and bright ones."""
    labels = [index % 2 for index in range(n)]
    bright = np.array(labels).reshape(n, *(1,) * (n_dims + 1))
    return (noise(n, n_channels, n_dims) // 2 + 127 * bright).astype(np.uint8), labels


@pytest.mark.parametrize("n_dims", SIDES)
def test_signals_images_and_volumes_of_several_channels_are_classified(
    n_dims: int, tmp_path: Path
) -> None:
    inputs, labels = halves(60, 3, n_dims)
    name = store(tmp_path, inputs, labels=labels, classes=("dark", "bright"))
    section = {"kind": "classification", "dataset": name}
    changed = {"augmentation": {"flip": True, "crop_padding_px": 1}}
    settings = {"epochs": 8, "batch_size": 8, **changed}
    given = task(section, network=SMALL_CNN, training=settings, phi=None, data_dir=str(tmp_path))
    outcome = run(given)[1]
    assert outcome.status is Status.COMPLETED
    assert outcome.metrics["accuracy"] == 1.0


@pytest.mark.parametrize("n_dims", SIDES)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_signals_images_and_volumes_of_several_channels_are_denoised(
    n_dims: int, dtype: str, tmp_path: Path
) -> None:
    # One value throughout each sample: whatever the network keeps of the noise is an error.
    flat: list[NDArray[Any]] = [
        np.full_like(x, 20 * i) for i, x in enumerate(noise(12, 2, n_dims))
    ]
    flat = [x if dtype == "uint8" else x.astype(np.float32) * 7 - 300 for x in flat]
    section = {"kind": "denoising", "dataset": store(tmp_path, flat), "noise_sigma": 25.0}
    section |= {**PATCHES, "n_patches": 96}
    changes: dict[str, Any] = {"data_dir": str(tmp_path), "phi": None}
    settings = {"epochs": 3, "batch_size": 4, "lr": 0.01, "augmentation": {"flip": True}}
    outcome = run(task(section, network=DNCNN, training=settings, **changes))[1]
    # In units of the samples' own range, whatever that is: 20 log10(255 / 25) dB.
    assert outcome.metrics["noisy_psnr_db"] == pytest.approx(20.17, abs=0.3)
    assert outcome.metrics["psnr_db"] > 24


# In memory, or not


def test_labelled_batches_are_the_same_read_or_held(tmp_path: Path) -> None:
    inputs, labels = halves(50, 3, 2)
    name = store(tmp_path, inputs, labels=labels, classes=("dark", "bright"))
    held, read = (
        stored_labelled(name, CPU, str(tmp_path), held_bytes=limit) for limit in (10**9, 0)
    )
    for split in ("train", "validation", "test"):
        pairs = zip(
            held.splits[split].epoch(7, generator(3), flips=False),
            read.splits[split].epoch(7, generator(3), flips=False),
            strict=True,
        )
        for (one, of_one), (other, of_other) in pairs:
            assert torch.equal(one, other)
            assert torch.equal(of_one, of_other)
    together = torch.cat([x for x, _ in read.splits["train"].batches(64)])
    torch.testing.assert_close(together.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        together.std(dim=(0, 2, 3), correction=0), torch.ones(3), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("is_paired", [False, True])
def test_patches_are_the_same_read_or_held(is_paired: bool, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    inputs = [random.random((2, 20 + i, 30 - i)).astype(np.float32) for i in range(10)]
    name = store(tmp_path, inputs, [2 * x - 1 for x in inputs])
    held, read = (
        stored_patches(name, CPU, str(tmp_path), limit, IMAGES if is_paired else None)
        for limit in (10**9, 0)
    )
    drawn = [list(data.splits["train"].batches(40, 16, 16, generator(1))) for data in (held, read)]
    judged = [
        [*data.crops, *(parts for _, _, parts in data.splits["test"].tiles())]
        for data in (held, read)
    ]
    for one, other in [*zip(*drawn, strict=True), *zip(*judged, strict=True)]:
        assert len(one) == len(other) == 1 + is_paired
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
        if is_paired:
            # One scale for both: what a target is to its input stays as it was.
            low, span = -1.0, 2.0
            back = [x * span + low for x in one]
            torch.testing.assert_close(back[1], 2 * back[0] - 1, atol=1e-2, rtol=0)


@pytest.mark.parametrize("kind", ["classification", "denoising"])
def test_a_killed_training_that_reads_ahead_goes_on_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("workers.training.data.registry.HELD_BYTES", 0)
    monkeypatch.setattr(checkpoint_store, "REST", 0.0)
    inputs, labels = halves(40, 1, 2)
    name = store(tmp_path, inputs, labels=labels, classes=("dark", "bright"))
    section: dict[str, Any] = {"kind": kind, "dataset": name}
    if kind == "denoising":
        section |= {"noise_sigma": 25.0, **PATCHES}
    of = task(section, data_dir=str(tmp_path), training={"batch_size": 5}, keep_weights=True)
    keeper = Stores(tmp_path)()
    until_killed(of, 3, keeper)
    assert facts(list(train(of, killed_at(20), store=keeper))) == undisturbed(of)


def test_a_training_is_bitwise_the_same_read_or_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, labels = halves(40, 1, 2)
    name = store(tmp_path, inputs, labels=labels, classes=("dark", "bright"))
    outcomes = []
    for limit in (10**9, 0):
        for cached in (labelled_dataset, patch_dataset):
            cached.cache_clear()
        monkeypatch.setattr("workers.training.data.registry.HELD_BYTES", limit)
        for section in (
            {"kind": "classification", "dataset": name},
            {"kind": "denoising", "dataset": name, "noise_sigma": 25.0, **PATCHES},
        ):
            given = task(
                section, data_dir=str(tmp_path), keep_weights=True, training={"epochs": 1}
            )
            outcomes.append(run(given)[1])
    assert [o.weights for o in outcomes[:2]] == [o.weights for o in outcomes[2:]]
    assert [o.value for o in outcomes[:2]] == [o.value for o in outcomes[2:]]


def _opened(data_dir: Path, seed: int) -> list[weakref.ref[object]]:
    """Open a set of its own for two tasks; return what would keep it in memory."""
    random = np.random.default_rng(seed)
    inputs = random.integers(0, 256, (6, 1, 20, 20), dtype=np.uint8)
    name = store(data_dir, inputs, labels=[0, 1] * 3, classes=("a", "b"))
    section = {"kind": "denoising", "dataset": name, "noise_sigma": 25.0, **PATCHES}
    denoising = build_objective(section, CPU, {}, str(data_dir))
    assert isinstance(denoising, DenoisingObjective)
    for split in SPLITS:
        denoising.evaluate(torch.nn.Conv2d(1, 1, 1), split, thorough=False)
    section = {"kind": "classification", "dataset": name}
    classification = build_objective(section, CPU, {}, str(data_dir))
    assert isinstance(classification, LabelledObjective)
    return [weakref.ref(denoising.data), weakref.ref(classification.data)]


def test_a_worker_lets_go_of_sets_that_it_no_longer_uses(tmp_path: Path) -> None:
    """Each may take 1 GiB, and a worker lives for months."""
    opened = [one for seed in range(6) for one in _opened(tmp_path / str(seed), seed)]
    gc.collect()
    assert len(opened) == 12
    assert sum(found() is not None for found in opened) <= 2 * KEPT


# Refusals


def test_a_stored_set_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    assert f"{STORED}:" == PREFIX
    inputs, labels = halves(10, 1, 2)
    data_dir = str(tmp_path)
    bare = store(tmp_path, inputs)
    with pytest.raises(ValueError, match="has no labels: it is unlabelled"):
        labelled_dataset("classification", bare, CPU, data_dir)
    with pytest.raises(ValueError, match="has no targets: it is unlabelled"):
        patch_dataset("image_to_image", bare, CPU, data_dir)
    with pytest.raises(ValueError, match="none is given"):
        patch_dataset("denoising", bare, CPU)
    named = store(tmp_path, inputs, labels=labels, classes=("dark", "bright"))
    with pytest.raises(ValueError, match="not those of a multilabel"):
        labelled_dataset("multilabel", named, CPU, data_dir)
    ragged = [inputs[0], inputs[1][:, 1:], *inputs[2:]]
    mixed = store(tmp_path, ragged, labels=labels, classes=("dark", "bright"))
    with pytest.raises(ValueError, match="differ in size"):
        labelled_dataset("classification", mixed, CPU, data_dir)
    section = {"kind": "denoising", "dataset": mixed, "noise_sigma": 25.0}
    with pytest.raises(ValueError, match="a side of 18 px, a patch 19 px"):
        build_objective({**section, "patch_px": 19, "n_patches": 4}, CPU, {}, data_dir)
    # Denoising takes any size.
    objective = build_objective({**section, **PATCHES}, CPU, {}, data_dir)
    (batch, _), *_ = objective.batches(8, generators_of(0, CPU))
    assert batch.shape == (8, 1, 16, 16)


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    name = store(tmp_path, noise(6, 1, 2))
    shutil.rmtree(folder_of(tmp_path, name.removeprefix(PREFIX)))
    with pytest.raises(DamagedDatasetError, match="shared with this machine"):
        patch_dataset("denoising", name, CPU, str(tmp_path))


@pytest.mark.parametrize("kind", ["classification", "multilabel", "denoising", "image_to_image"])
def test_a_set_that_is_not_there_is_refused(kind: str) -> None:
    section = {"kind": kind, "dataset": "nothing", "noise_sigma": 25.0, **PATCHES}
    with pytest.raises(ValueError, match="nothing"):
        build_objective(section, CPU, {})


@pytest.mark.parametrize("how", ["values", "read", "encoded", "pairs"])
def test_test_items_keep_their_groups(how: str, tmp_path: Path) -> None:
    groups = [f"patient {i // 3}" for i in range(30)]
    if how == "encoded":
        name = store_images(tmp_path, *blocks(30), groups=groups)
        data = stored_labelled(name, CPU, str(tmp_path), 10**8, 8)
        found = data.splits["test"].groups
    elif how == "pairs":
        inputs = noise(30, 1, 2)
        name = store(tmp_path, inputs, inputs, groups=groups)
        found = stored_patches(name, CPU, str(tmp_path), 10**8, IMAGES).splits["test"].groups
    else:
        inputs, labels = halves(30, 1, 2)
        name = store(tmp_path, inputs, labels=labels, classes=("dark", "bright"), groups=groups)
        held_bytes = 10**8 if how == "values" else 0
        data = stored_labelled(name, CPU, str(tmp_path), held_bytes)
        found = data.splits["test"].groups
    rows = open_stored(tmp_path, name.removeprefix(PREFIX)).rows("test")
    assert found is not None
    assert found.dtype == torch.int64
    assert found.tolist() == [row // 3 for row in rows.tolist()]


def test_a_training_returns_the_groups_of_its_test_items(tmp_path: Path) -> None:
    inputs, labels = halves(30, 1, 2)
    groups = [f"{i // 3}" for i in range(30)]
    name = store(tmp_path, inputs, labels=labels, classes=("dark", "bright"), groups=groups)
    section = {"kind": "classification", "dataset": name}
    given = task(
        section,
        network=SMALL_CNN,
        training={"epochs": 1, "batch_size": 8},
        phi=None,
        data_dir=str(tmp_path),
        split="test",
    )
    items = run(given)[1].items
    rows = open_stored(tmp_path, name.removeprefix(PREFIX)).rows("test")
    assert items is not None
    assert items.groups is not None
    assert items.groups.tolist() == [row // 3 for row in rows.tolist()]
