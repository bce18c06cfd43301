"""Data of packages that are not what their set states are refused, and the fault is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.extensions.entry_points import PluginError
from tests.support.plugged_parts import (
    CPU,
    Streamed,
    outcome,
    parts_installed,
    streamed,
    task,
)
from workers.training.data.registry import labelled_dataset, patch_dataset


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with parts_installed(tmp_path, monkeypatch):
        yield


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
    import plugged_parts  # type: ignore[import-not-found] # made by the fixture

    plugged_parts.data.change = change
    with pytest.raises(PluginError, match=f"parts of plugged-parts 1.0, {reason}"):
        outcome(task())


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
