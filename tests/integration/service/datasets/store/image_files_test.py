"""Images as they came, one after another in one file, with what finds and checks each."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from service.datasets.sources.entries import Limits
from service.datasets.store.encoded import EncodedImage, EncodedSamples
from service.datasets.store.image_files import ImageFile
from service.errors import InvalidDatasetError
from tests.support.datasets import making

SIDES = [(4, 9), (7, 3), (5, 5)]
IMAGES = [EncodedImage(making.image(seed, sides), (1, *sides)) for seed, sides in enumerate(SIDES)]


def write(folder: Path, images: list[EncodedImage]) -> str:
    with ImageFile(folder, Limits(10**6)) as file:
        for image in images:
            file.append("x.png", image)
        shapes, digest = file.finish()
    assert shapes.tolist() == [list(image.shape) for image in images]
    return digest


def test_images_are_read_back_by_their_number(tmp_path: Path) -> None:
    write(tmp_path, IMAGES)
    contents = [image.content for image in IMAGES]
    assert (tmp_path / "images.bin").read_bytes() == b"".join(contents)
    assert np.load(tmp_path / "lengths.npy").tolist() == [len(content) for content in contents]
    assert np.load(tmp_path / "checksums.npy").tolist() == [zlib.crc32(c) for c in contents]
    samples = EncodedSamples(tmp_path, None)
    for seed, sides in enumerate(SIDES):
        np.testing.assert_array_equal(samples[seed][0], making.pixels(seed, sides))


def test_the_digest_follows_images_and_their_order(tmp_path: Path) -> None:
    found = []
    for name, images in {"a": IMAGES, "b": IMAGES, "c": IMAGES[::-1]}.items():
        (tmp_path / name).mkdir()
        found.append(write(tmp_path / name, images))
    assert found[0] == found[1] != found[2]


def test_the_image_that_is_too_much_is_named(tmp_path: Path) -> None:
    with (
        ImageFile(tmp_path, Limits(1)) as file,
        pytest.raises(InvalidDatasetError, match="the images take more than 16 bytes") as refused,
    ):
        file.append("a.png", IMAGES[0])
    assert refused.value.entry == "a.png"
