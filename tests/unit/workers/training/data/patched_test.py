"""Sets of patches: what is too small is named, and inputs are standardised channel by channel."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from workers.training.data.patched import (
    PatchDataset,
    by_channel,
    held_source,
    standardising,
)

CPU = torch.device("cpu")
IDENTITY = standardising([torch.tensor([[[0.0, 2.0], [0.0, 2.0]]]) - 1])


def dataset(**sides: int) -> PatchDataset:
    """A set of pairs, one sample a split, with the given sides (40 by default)."""
    random = np.random.default_rng(0)
    splits = {}
    for split in ("train", "validation", "test"):
        shape = (3, 40, sides.get(split, 40))
        inputs = random.random(shape, dtype=np.float32)
        splits[split] = held_source([[inputs], [inputs[:2] + 1]], CPU)
    return PatchDataset(splits, 2, (3, 2), 2, splits["validation"].crops, IDENTITY)


@pytest.mark.parametrize(
    ("split", "side", "reason"),
    [
        ("test", 20, "test split has a side of 20 px, a patch 24 px: use patch_px of at most 20"),
        ("validation", 10, "validation split has a side of 10 px: metrics need at least 11"),
    ],
)
def test_the_split_with_a_sample_that_is_too_small_is_named(
    split: str, side: int, reason: str
) -> None:
    dataset().require(24)
    with pytest.raises(ValueError, match=reason):
        dataset(**{split: side}).require(24)


def test_a_metric_needs_its_window_although_patches_are_smaller() -> None:
    with pytest.raises(ValueError, match="metrics need at least 11"):
        dataset(train=9).require(4)


def test_the_mean_of_targets_is_by_channel() -> None:
    found = dataset()
    assert found.target_mean.shape == (2, 1, 1)
    ((_, targets),) = found.splits["train"].crops()
    torch.testing.assert_close(found.target_mean.view(-1), targets.mean(dim=(0, 2, 3)))


def test_channels_get_mean_0_and_variance_1_over_all_parts() -> None:
    random = torch.Generator().manual_seed(0)
    parts = [torch.rand(n, 2, 5, side, generator=random) for n, side in ((3, 4), (1, 9))]
    for part in parts:
        part[:, 1] = part[:, 1] * 7 - 20
    scale = standardising(parts)
    values = by_channel([scale(part) for part in parts])
    assert values.shape == (2, 3 * 20 + 45)
    torch.testing.assert_close(values.mean(dim=1), torch.zeros(2).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(values.std(dim=1, correction=0), torch.ones(2).double())


def test_a_channel_of_one_value_becomes_0() -> None:
    values = torch.full((2, 1, 3, 3), 5.0)
    assert not standardising([values])(values).any()
