"""Augmentation: each image is one of its flips and crops, and every one of them comes."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from workers.training.augmentation import Augmenter

SIDES = [(7,), (4, 5), (3, 4, 5)]


def images(n: int = 400) -> Tensor:
    return torch.arange(1.0, n * 2 * 4 * 5 + 1).view(n, 2, 4, 5)


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_nothing_is_drawn_and_changed_unless_it_is_asked_for() -> None:
    stream, before = random(), random().get_state()
    for training in ({}, {"augmentation": None}, {"augmentation": {"flip": False}}):
        given = images()
        assert Augmenter.of(training)(given, stream) is given
    assert torch.equal(stream.get_state(), before)


def test_about_half_of_the_images_are_mirrored() -> None:
    given = images()
    got = Augmenter.of({"augmentation": {"flip": True, "crop_padding_px": 0}})(given, random())
    mirrored = [torch.equal(a, b.flip(-1)) for a, b in zip(got, given, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(got, given, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 150 < sum(mirrored) < 250  # five standard deviations of a fair coin


def test_every_crop_of_the_padded_image_comes_and_nothing_else() -> None:
    given = images()
    got = Augmenter(crop_padding_px=1)(given, random())
    assert got.shape == given.shape
    padded = functional.pad(given, (1, 1, 1, 1))
    found = set()
    for crop, whole in zip(got, padded, strict=True):
        coordinates = [
            (y, x)
            for y in range(3)
            for x in range(3)
            if torch.equal(crop, whole[:, y : y + 4, x : x + 5])
        ]
        assert len(coordinates) == 1
        found.update(coordinates)
    assert len(found) == 9


def test_the_stream_alone_decides() -> None:
    both = Augmenter(flip=True, crop_padding_px=2)
    assert torch.equal(both(images(), random(3)), both(images(), random(3)))
    assert not torch.equal(both(images(), random(3)), both(images(), random(4)))
    # Other values, such as those of other noise, see the same changes.
    assert torch.equal(both(-images(), random(3)), -both(images(), random(3)))


@pytest.mark.parametrize("sides", SIDES, ids=len)
def test_signals_images_and_volumes_are_moved_along_every_axis(sides: tuple[int, ...]) -> None:
    given = torch.rand(300, 2, *sides, generator=random(1))
    got = Augmenter(crop_padding_px=1)(given, random())
    assert got.shape == given.shape
    found = set()
    for crop, whole in zip(got, functional.pad(given, (1,) * (2 * len(sides))), strict=True):
        coordinates = [
            corner
            for corner in product(range(3), repeat=len(sides))
            if torch.equal(
                crop, whole[:, *(slice(c, c + n) for c, n in zip(corner, sides, strict=True))]
            )
        ]
        assert len(coordinates) == 1
        found.update(coordinates)
    assert len(found) == 3 ** len(sides)


@pytest.mark.parametrize("sides", SIDES, ids=len)
def test_samples_are_mirrored_along_their_last_axis(sides: tuple[int, ...]) -> None:
    given = torch.rand(200, 2, *sides, generator=random(1))
    got = Augmenter(flip=True)(given, random())
    turned = [torch.equal(a, b.flip(-1)) for a, b in zip(got, given, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(got, given, strict=True)]
    assert all(a != b for a, b in zip(turned, kept, strict=True))
    assert 65 < sum(turned) < 135  # five standard deviations of a fair coin


@pytest.mark.parametrize("change", [Augmenter(flip=True), Augmenter(flip=True, crop_padding_px=2)])
def test_pairs_are_changed_alike(change: Augmenter) -> None:
    inputs = images()
    targets = torch.cat([-inputs, inputs[:, :1]], dim=1)
    one, other = change.together((inputs, targets), random())
    assert torch.equal(other, torch.cat([-one, one[:, :1]], dim=1))
    assert not torch.equal(one, inputs)
    # A pair's input is changed as it would be alone.
    assert torch.equal(one, change(inputs, random()))
