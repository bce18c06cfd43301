"""The part of a training split that is trained on: nested, and what is judged stays whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from workers.training.data.labelled import HeldRows, LabelledDataset, LabelledSplit
from workers.training.data.patched import PatchDataset, held_source
from workers.training.data.scaling import Scaling
from workers.training.data.subset import Subset
from workers.training.generators import generator

CPU = torch.device("cpu")
SCALE = Scaling(torch.tensor(0.0), torch.tensor(1.0))
SHAPE = None


def labelled(labels: torch.Tensor) -> LabelledDataset:
    """Samples that hold their own number."""
    values = torch.arange(len(labels), dtype=torch.float32).view(-1, 1, 1)
    split = LabelledSplit(HeldRows(values), labels, SCALE)
    splits = dict.fromkeys(("train", "validation", "test"), split)
    return LabelledDataset(splits, SHAPE, 2)  # type: ignore[arg-type]


def trained_on(data: LabelledDataset) -> dict[int, Any]:
    """Return the label of each sample of an epoch, by the sample's number."""
    found = {}
    for samples, labels in data.splits["train"].epoch(4, generator(0), flips=False):
        for sample, label in zip(samples, labels, strict=True):
            found[int(sample)] = label.tolist()
    return found


def test_labelled_samples_keep_their_labels_and_are_nested() -> None:
    whole = labelled(torch.arange(40) % 4)
    small, large = (trained_on(Subset(n, 7).of_labelled(whole)) for n in (8, 20))
    assert small.keys() < large.keys()
    assert all(label == number % 4 for number, label in large.items())
    assert sorted(small.values()) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_samples_of_several_labels_are_drawn_by_chance() -> None:
    labels = torch.eye(3)[torch.arange(30) % 3]
    found = trained_on(Subset(12, 7).of_labelled(labelled(labels)))
    assert all(label == labels[number].tolist() for number, label in found.items())
    assert len(found) == 12


def test_what_is_judged_stays_whole() -> None:
    whole = labelled(torch.arange(40) % 4)
    part = Subset(8, 7).of_labelled(whole)
    for split in ("validation", "test"):
        assert part.splits[split] is whole.splits[split]


def test_a_class_without_samples_is_an_error() -> None:
    whole = labelled((torch.arange(40) == 3).long())
    with pytest.raises(ValueError, match="leave a class without any: use at least"):
        Subset(2, 0).of_labelled(whole)


def test_patches_are_taken_of_the_chosen_samples_alone_and_crops_are_judged_whole() -> None:
    images = [np.full((1, 8, 9), number, np.float32) for number in range(12)]
    source = held_source([images], CPU)
    splits = dict.fromkeys(("train", "validation", "test"), source)
    whole = PatchDataset(splits, 2, (1,), 1, source.crops, SCALE)
    seen = {}
    for n in (2, 5):
        part = Subset(n, 3).of_patches(whole)
        (drawn,) = zip(*part.splits["train"].batches(200, 50, 4, generator(1)), strict=True)
        seen[n] = set(torch.cat(drawn).int().flatten().tolist())
        assert len(part.splits["train"]) == n
        assert part.crops is whole.crops
        assert part.splits["test"] is source
    assert len(seen[2]) == 2
    assert seen[2] < seen[5]
    assert len(seen[5]) == 5


def test_a_payload_without_a_subset_has_none() -> None:
    assert Subset.of({"kind": "denoising"}) is None
    assert Subset.of({"n_train": 5, "subset_seed": 9}) == Subset(5, 9)


def test_chosen_samples_keep_their_groups() -> None:
    numbers, rows = torch.arange(12) * 10, torch.tensor([1, 4, 7])
    split = LabelledSplit(HeldRows(torch.zeros(12, 1, 1)), torch.arange(12), SCALE, numbers)
    source = held_source([[np.zeros((1, 8, 9), np.float32)] * 12], CPU, numbers)
    for chosen in (split.chosen(rows), source.chosen(rows)):
        assert chosen.groups is not None
        assert chosen.groups.tolist() == [10, 40, 70]
