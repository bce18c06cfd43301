"""Augmentation: each image is one of its flips and crops, and every one of them comes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from workers.training.augmentation import Augmentation


def images(n: int = 400) -> Tensor:
    return torch.arange(1.0, n * 2 * 4 * 5 + 1).view(n, 2, 4, 5)


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_nothing_is_drawn_and_changed_unless_it_is_asked_for() -> None:
    stream, before = random(), random().get_state()
    for training in ({}, {"augmentation": None}, {"augmentation": {"flip": False}}):
        given = images()
        assert Augmentation.of(training)(given, stream) is given
    assert torch.equal(stream.get_state(), before)


def test_about_half_of_the_images_are_mirrored() -> None:
    given = images()
    got = Augmentation.of({"augmentation": {"flip": True, "crop_padding_px": 0}})(given, random())
    mirrored = [torch.equal(a, b.flip(-1)) for a, b in zip(got, given, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(got, given, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 150 < sum(mirrored) < 250  # five standard deviations of a fair coin


def test_every_crop_of_the_padded_image_comes_and_nothing_else() -> None:
    given = images()
    got = Augmentation(crop_padding_px=1)(given, random())
    assert got.shape == given.shape
    padded = functional.pad(given, (1, 1, 1, 1))
    found = set()
    for crop, whole in zip(got, padded, strict=True):
        places = [
            (y, x)
            for y in range(3)
            for x in range(3)
            if torch.equal(crop, whole[:, y : y + 4, x : x + 5])
        ]
        assert len(places) == 1
        found.update(places)
    assert len(found) == 9


def test_the_stream_alone_decides() -> None:
    both = Augmentation(flip=True, crop_padding_px=2)
    assert torch.equal(both(images(), random(3)), both(images(), random(3)))
    assert not torch.equal(both(images(), random(3)), both(images(), random(4)))
    # Other values, such as those of other noise, see the same changes.
    assert torch.equal(both(-images(), random(3)), -both(images(), random(3)))
