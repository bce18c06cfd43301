"""The data of packages, held and streamed, are those that the package gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from densearch.plugins.shape import InputShape
from tests.support.plugged_parts import (
    CPU,
    Streamed,
    outcome,
    parts_installed,
    streamed,
    task,
)
from tests.support.plugging import install, use
from tests.support.root import ROOT
from workers.training.data.registry import labelled_dataset, patch_dataset
from workers.training.loop import train
from workers.training.task import EpochMeasurement


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with parts_installed(tmp_path, monkeypatch):
        yield


@pytest.mark.parametrize("kind", ["classification", "multilabel"])
def test_labelled_samples_are_standardised_by_the_training_split(kind: str) -> None:
    found = labelled_dataset(kind, "parts", CPU)
    assert (found.shape, found.n_outputs) == (
        InputShape(2, 12, 2),
        3 if kind == "classification" else 2,
    )
    ((samples, labels),) = found.splits["train"].batches(8)
    raw = np.random.default_rng(0).random((8, 2, 12, 12)).astype(np.float32)
    mean, deviation = (f(raw, axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.std))
    np.testing.assert_allclose(samples.numpy(), (raw - mean) / deviation, atol=1e-5)
    assert labels.shape == ((8,) if kind == "classification" else (8, 2))


class InOnePlace(Streamed):
    """Gives each in the memory of the one before, as who reads into a buffer does."""

    def __getitem__(self, index: int) -> NDArray[Any]:
        self.place = getattr(self, "place", np.empty_like(self.values[0]))
        self.place[:] = self.values[index]
        return self.place


@pytest.mark.parametrize("of", [Streamed, InOnePlace])
@pytest.mark.parametrize("kind", ["classification", "multilabel"])
def test_samples_that_are_streamed_are_those_that_are_held(kind: str, of: type[Streamed]) -> None:
    import plugged_parts  # type: ignore[import-not-found] # made by the fixture

    held = labelled_dataset(kind, "parts", CPU)
    plugged_parts.data.change = partial(streamed, kind=of)
    labelled_dataset.cache_clear()
    found = labelled_dataset(kind, "parts", CPU)
    assert (found.shape, found.n_outputs) == (held.shape, held.n_outputs)
    for split in ("train", "validation", "test"):
        order = (torch.Generator().manual_seed(3) for _ in range(2))
        batches = [
            data.splits[split].epoch(3, own, flips=False)
            for data, own in zip((found, held), order, strict=True)
        ]
        for ours, theirs in zip(*batches, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_patches_of_samples_that_are_streamed_are_those_that_are_held() -> None:
    import plugged_parts

    def ragged(parts: dict[str, Any]) -> None:
        for part in parts.values():
            part[2] = np.concatenate([part[2], part[3]], axis=1)

    def streamed_lists(parts: dict[str, Any]) -> None:
        ragged(parts)
        for split, part in parts.items():
            parts[split] = Streamed(part)

    drawn = []
    for change in (ragged, streamed_lists):
        plugged_parts.data.change = change
        patch_dataset.cache_clear()
        found = patch_dataset("denoising", "parts", CPU)
        order = torch.Generator().manual_seed(0)
        drawn.append([*found.splits["train"].batches(40, 8, 10, order), *found.crops])
    for (held,), (ours,) in zip(*drawn, strict=True):
        torch.testing.assert_close(ours, held)


def test_the_documents_streamed_set_is_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "own-networks.md").read_text(encoding="utf-8")
    (example,) = [
        of for of in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "Waves" in of
    ]
    small = example.replace("1_000_000", "600")
    assert small != example
    (tmp_path / "more").mkdir()
    install(tmp_path / "more", "plugged-waves", small, {"densearch.datasets": {"waves": "waves"}})
    use(tmp_path / "more", monkeypatch)
    training = {**task().training, "batch_size": 64}
    ours = {"kind": "small_cnn", "depth": 1, "width": 8, "kernel_size": 3}
    section = {"kind": "classification", "dataset": "waves"}
    found = outcome(task(task=section, network=ours, phi=None, training=training))
    assert found.metrics["accuracy"] > 0.9


def test_patches_of_bytes_are_brought_to_one() -> None:
    found = patch_dataset("denoising", "parts", CPU)
    ((crops,),) = found.splits["train"].crops()
    raw = (np.random.default_rng(0).random((8, 2, 12, 12)) * 255).astype(np.uint8)
    np.testing.assert_allclose(crops.numpy(), raw / np.float32(255), atol=1e-6)


def test_pairs_keep_their_places() -> None:
    found = patch_dataset("image_to_image", "parts", CPU)
    generator = torch.Generator().manual_seed(0)
    inputs, targets = next(iter(found.splits["train"].batches(4, 4, 6, generator)))
    assert torch.equal(inputs[:, :1], targets)
    assert found.n_channels == (2, 1)


def test_a_packed_network_of_ours_takes_its_data() -> None:
    ours = {"kind": "small_cnn", "depth": 1, "width": 4, "kernel_size": 3}
    items = list(train(task(network=ours, phi=None)))
    assert [item.epoch for item in items if isinstance(item, EpochMeasurement)] == [1, 2]
