"""Image files to values: upright, converted; what cannot be read is refused by its name."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.support.datasets import bad, making
from tests.support.datasets.importing import Case, Import, Refuses


def test_images_are_converted_and_cut_when_asked(imported: Import) -> None:
    files = making.class_files(5)
    files["dog/grey.png"] = making.image(1, (30, 20))
    _, stored = imported(making.zipped(files), convert="grey", size_px=8)
    assert {stored.sample(i).shape for i in range(11)} == {(1, 8, 8)}


def test_an_image_lies_as_its_exif_says(imported: Import) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    buffer = io.BytesIO()
    Image.fromarray(making.pixels(1, (12, 10, 3))).save(buffer, "PNG", exif=exif)
    files = making.plain_files() | {f"{i}.png": making.image(i) for i in range(6)}
    files["0.png"] = buffer.getvalue()
    _, stored = imported(making.zipped(files))
    expected = np.rot90(making.pixels(1, (12, 10, 3)), k=-1)
    np.testing.assert_array_equal(stored.sample(0), np.moveaxis(expected, 2, 0))


def test_the_photograph_of_a_telephone_is_its_first_picture(imported: Import) -> None:
    """As it is written with a gain map or a second lens: MPO under the name of JPEG."""
    buffer = io.BytesIO()
    photograph, other = (Image.new("RGB", (10, 12), (tone, 9, 9)) for tone in (200, 30))
    photograph.save(buffer, "MPO", save_all=True, append_images=[other])
    files = making.class_files(5) | {"cat/x.jpg": buffer.getvalue()}
    _, stored = imported(making.zipped(files))
    np.testing.assert_allclose(stored.sample(5)[0], 200, atol=3)


CASES: dict[str, Case] = {
    "pixels of a bomb": (
        lambda: bad.named_image(bad.image_bomb()),
        "cat/x.png",
        "900,000,000 pixels, of at most 80,000,000",
    ),
    "animation": (lambda: bad.named_image(bad.animation("PNG")), "cat/x.png", "animation"),
    "corrupt image": (lambda: bad.named_image(making.image(1)[:-60]), "cat/x.png", "decoded"),
    "no image": (lambda: bad.named_image(b"hello"), "cat/x.png", "none of PNG"),
    "empty image": (lambda: bad.named_image(b""), "cat/x.png", "is empty"),
    "format that is not read": (lambda: bad.named_image(bad.gif()), "cat/x.png", "is a GIF"),
    "16 bits": (lambda: bad.named_image(bad.mode("I;16")), "cat/x.png", "float32"),
    "16 bits of colour": (lambda: bad.named_image(bad.deep_colours()), "cat/x.png", "float32"),
    "16 bits of colour, PPM": (
        lambda: bad.named_image(b"P6 8 8 65535\n" + bytes(8 * 8 * 6)),
        "cat/x.png",
        "float32",
    ),
    "transparent": (lambda: bad.named_image(bad.mode("RGBA")), "cat/x.png", "transparent"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_read_is_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])
