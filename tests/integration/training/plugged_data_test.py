"""The data of packages, held and streamed, are what they say, or are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from densearch.plugins.shape import InputShape
from service.extensions.entry_points import PluginError
from tests.support.plugged_parts import (
    CPU,
    outcome,
    parts_installed,
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


class Streamed:
    """Gives the samples of an array one by one."""

    def __init__(self, values: Sequence[NDArray[Any]] | NDArray[Any]) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> NDArray[Any]:
        found: NDArray[Any] = self.values[index]
        return found


class InOnePlace(Streamed):
    """Gives each in the memory of the one before, as who reads into a buffer does."""

    def __getitem__(self, index: int) -> NDArray[Any]:
        self.place = getattr(self, "place", np.empty_like(self.values[0]))
        self.place[:] = self.values[index]
        return self.place


def streamed(parts: dict[str, Any], kind: type[Streamed] = Streamed) -> None:
    for split, (samples, labels) in parts.items():
        parts[split] = kind(samples), labels


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


def late_nan(parts: dict[str, Any]) -> None:
    parts["validation"][0][5, 0, 0, 0] = np.nan
    streamed(parts)


def late_size(parts: dict[str, Any]) -> None:
    samples, labels = parts["validation"]
    parts["validation"] = Streamed([*samples[:5], samples[5][:, :, :-1], *samples[6:]]), labels


def few_labels(parts: dict[str, Any]) -> None:
    streamed(parts)
    samples, labels = parts["train"]
    parts["train"] = samples, labels[:-1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (late_nan, "validation: array 5 has values that are not finite"),
        (late_size, "validation: sample 5 is smaller than the 12 px"),
        (few_labels, r"train: labels have the shape \(7,\) for 8 samples"),
    ],
)
def test_a_streamed_sample_that_is_not_what_the_set_tells_ends_the_training(
    change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    import plugged_parts

    plugged_parts.data.change = change
    with pytest.raises(PluginError, match=f"parts of plugged-parts 1.0, {reason}"):
        outcome(task())


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


def empty(parts: dict[str, Any]) -> None:
    del parts["test"]


def of_doubles(parts: dict[str, Any]) -> None:
    samples, labels = parts["validation"]
    parts["validation"] = samples.astype(np.float64), labels


def not_finite(parts: dict[str, Any]) -> None:
    parts["train"][0][3, 0, 0, 0] = np.nan


def out_of_range(parts: dict[str, Any]) -> None:
    parts["train"][1][2] = 3


def too_few_labels(parts: dict[str, Any]) -> None:
    samples, labels = parts["train"]
    parts["train"] = samples, labels[:-1]


def grey(parts: dict[str, Any]) -> None:
    samples, labels = parts["train"]
    parts["train"] = samples[:, :1], labels


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (empty, "test: there are no samples"),
        (of_doubles, "validation: array 0 is of float64: give uint8 or float32"),
        (not_finite, "train: array 3 has values that are not finite"),
        (out_of_range, "train: labels are not whole numbers from 0 to 2"),
        (too_few_labels, r"train: labels have the shape \(7,\) for 8 samples"),
        (grey, r"train: sample 0 has the shape \(1, 12, 12\), but the set's info says 2 channels"),
    ],
)
def test_data_that_are_not_what_they_tell_are_refused(
    change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    import plugged_parts

    plugged_parts.data.change = change
    with pytest.raises(PluginError, match=f"parts of plugged-parts 1.0, {reason}"):
        labelled_dataset("classification", "parts", CPU)


@pytest.mark.parametrize("given", [None, [], 3])
def test_data_that_are_no_mapping_are_refused(given: object) -> None:
    import plugged_parts

    plugged_parts.data.load = lambda _task: given
    with pytest.raises(PluginError, match="not a mapping from splits to samples"):
        labelled_dataset("classification", "parts", CPU)


NONE = np.zeros((0, 2, 12, 12), np.float32)
RAGGED = [np.zeros((2, 12, 12)), np.zeros((2, 13, 13))]


@pytest.mark.parametrize(
    ("kind", "part", "reason"),
    [
        ("classification", None, "train: there are no samples"),
        ("classification", ([], [], []), "train: give it as (samples, labels)"),
        ("classification", 3, "train: give it as (samples, labels)"),
        ("classification", (NONE, np.zeros(0, int)), "train: there are no samples"),
        ("classification", (None, None), "train: its samples are no array"),
        ("classification", (RAGGED, [0, 1]), "fails at giving arrays, train: ValueError"),
        ("denoising", [], "train: there are no samples"),
        ("denoising", 3, "train: give it as a list of samples"),
        ("denoising", [None], "train: sample 0 has the shape ()"),
        ("image_to_image", [3], "train: sample 0 is no pair of an input and a target"),
        ("image_to_image", [(None, None)], "train: sample 0 has the shape ()"),
    ],
)
def test_data_of_another_form_are_refused(kind: str, part: object, reason: str) -> None:
    import plugged_parts

    plugged_parts.data.load = lambda _task: dict.fromkeys(("train", "validation", "test"), part)
    find = labelled_dataset if kind == "classification" else patch_dataset
    with pytest.raises(PluginError, match=re.escape(reason)):
        find(kind, "parts", CPU)


def test_targets_of_another_size_are_refused() -> None:
    import plugged_parts

    def cut(parts: dict[str, Any]) -> None:
        parts["train"][1] = (parts["train"][1][0], parts["train"][1][1][:, 1:])

    plugged_parts.data.change = cut
    with pytest.raises(PluginError, match=r"train: target 1 has the shape \(1, 11, 12\) for"):
        patch_dataset("image_to_image", "parts", CPU)


@pytest.mark.parametrize("kind", ["classification", "denoising"])
def test_an_unknown_set_is_named(kind: str) -> None:
    find = labelled_dataset if kind == "classification" else patch_dataset
    with pytest.raises(PluginError, match="no package here registers 'cats'"):
        find(kind, "cats", CPU)
