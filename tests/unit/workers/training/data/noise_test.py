"""Noise of judged samples: the same at a place, however the sample is cut."""

from __future__ import annotations

import pytest
import torch

from workers.training.data.noise import noise_at


@pytest.mark.parametrize(
    ("sides", "window"),
    [
        ((3000,), (slice(1000, 2100),)),
        ((150, 170), (slice(60, 150), slice(0, 65))),
        ((20, 40, 33), (slice(3, 20), slice(16, 32), slice(31, 33))),
    ],
    ids=len,
)
def test_a_part_has_the_noise_of_the_whole(
    sides: tuple[int, ...], window: tuple[slice, ...]
) -> None:
    everything = noise_at(7, 3, 2, [slice(0, side) for side in sides])
    assert everything.shape == (2, *sides)
    assert torch.equal(noise_at(7, 3, 2, window), everything[:, *window])


def test_samples_and_sets_have_noise_of_their_own_that_is_normal() -> None:
    window = (slice(0, 200), slice(0, 200))
    drawn = torch.stack([noise_at(seed, sample, 1, window) for seed, sample in [(0, 0), (0, 1)]])
    drawn = torch.cat([drawn, noise_at(1, 0, 1, window)[None]])
    # Standard errors of a mean of 120,000 values, of their variance and of a correlation.
    assert float(drawn.mean()) == pytest.approx(0.0, abs=4 / 120_000**0.5)
    assert float(drawn.square().mean()) == pytest.approx(1.0, abs=4 * (2 / 120_000) ** 0.5)
    alike = torch.corrcoef(drawn.flatten(1)) - torch.eye(3)
    assert float(alike.abs().max()) < 4 / 40_000**0.5
    # No block repeats another.
    blocks = drawn[0, 0, :192, :192].unfold(0, 64, 64).unfold(1, 64, 64).reshape(9, -1)
    assert float((torch.corrcoef(blocks) - torch.eye(9)).abs().max()) < 5 / 64
