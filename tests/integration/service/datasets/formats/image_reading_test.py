"""Images are read in their order, as values or as checked files, and only as far as asked."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

import numpy as np
import pytest

from service.datasets.faults import Faults
from service.datasets.formats.image_reading import contents
from service.datasets.options import ImportOptions
from service.datasets.sources.entries import SourceEntry
from service.datasets.store.encoded import EncodedImage
from tests.support.datasets import making

VALUES = ImportOptions(name="x", storage="values")
ENCODED = ImportOptions(name="x", storage="encoded")
FILES = [making.image(seed, (4 + seed, 5)) for seed in range(40)]


def entry(name: str, content: bytes) -> SourceEntry:
    return SourceEntry(name, len(content), lambda: io.BytesIO(content))


def test_values_come_in_the_order_of_the_images() -> None:
    found = contents([entry("x.png", file) for file in FILES], VALUES, Faults())
    for seed, values in enumerate(found):
        assert isinstance(values, np.ndarray)
        np.testing.assert_array_equal(values[0], making.pixels(seed, (4 + seed, 5)))


def test_files_come_as_they_are_in_the_order_of_the_images() -> None:
    found = list(contents([entry("x.png", file) for file in FILES], ENCODED, Faults()))
    images = [image for image in found if isinstance(image, EncodedImage)]
    assert [image.content for image in images] == FILES
    assert [image.shape for image in images] == [(1, 4 + seed, 5) for seed in range(40)]


@pytest.mark.parametrize("options", [VALUES, ENCODED])
def test_a_damaged_image_is_a_fault_and_the_others_are_read(options: ImportOptions) -> None:
    entries = [entry(f"{i}.png", file) for i, file in enumerate(FILES[:9])]
    entries.insert(4, entry("bad.png", FILES[0][:-30]))
    faults = Faults()
    found = list(contents(entries, options, faults))
    assert [index for index, image in enumerate(found) if image is None] == [4]
    assert [(fault.entry, fault.detail[:17]) for fault in faults.first] == [
        ("bad.png", "cannot be decoded")
    ]


def test_images_beyond_an_early_stop_are_not_read() -> None:
    opened: list[int] = []

    def images() -> Iterator[SourceEntry]:
        for index in range(10_000):

            def opener(index: int = index) -> IO[bytes]:
                opened.append(index)
                return io.BytesIO(FILES[0])

            yield SourceEntry(f"{index}.png", len(FILES[0]), opener)

    found = contents(images(), ENCODED, Faults())
    next(found)
    found.close()  # type: ignore[attr-defined]  # a generator
    assert len(opened) < 20
