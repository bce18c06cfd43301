"""What the bytes of an image file say, also where its metadata are damaged."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from service.datasets.sources.image_bytes import bare, declared_bits, orientation_in, other_kind
from tests.support.datasets import bad, making


def saved(form: str, orientation: int = 1, comment: str = "made by hand") -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, comment
    buffer = io.BytesIO()
    Image.fromarray(making.pixels(1)).save(buffer, form, exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_bare_image_has_the_same_pixels_and_no_metadata(form: str) -> None:
    content = saved(form, 6)
    found = bare(content)
    assert found is not None
    assert b"made by hand" in content
    assert b"made by hand" not in found
    with Image.open(io.BytesIO(content)) as one, Image.open(io.BytesIO(found)) as other:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_without_metadata_there_is_nothing_to_take_away() -> None:
    assert bare(making.image(1)) is None
    assert bare(b"GIF89a") is None


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_that_of_the_first_directory(form: str, orientation: int) -> None:
    assert orientation_in(saved(form, orientation)) == orientation


def test_damaged_metadata_have_no_orientation() -> None:
    content = saved("JPEG", 6)
    at = content.index(b"Exif\0\0") + 6
    for odd in (b"XX*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\0"):
        damaged = content[:at] + odd + content[at + len(odd) :]
        assert orientation_in(damaged) == 1
    for length in range(0, len(content), 7):
        assert orientation_in(content[:length]) in {1, 6}
        bare(content[:length])
        assert declared_bits(content[:length]) == 8


def test_bits_are_those_that_the_file_declares() -> None:
    assert declared_bits(bad.deep_colours()) == 16
    twelve = bytearray(saved("JPEG"))
    twelve[twelve.index(b"\xff\xc0") + 4] = 12
    assert declared_bits(bytes(twelve)) == 12


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (bad.gif(), "a GIF"),
        (b"II*\0....", "a TIFF"),
        (b"\0\0\0\x1cftypheic....", "a HEIC"),
        (b"\0\0\0\x1cftypavif....", "an AVIF"),
        (b"<!DOCTYPE html><html>", "a web page, as of a failed download"),
        (
            b"version https://git-lfs.github.com/spec/v1",
            "a pointer of Git LFS: fetch the file itself",
        ),
        (making.image(1), None),
        (b"anything", None),
    ],
)
def test_files_of_other_kinds_are_known(content: bytes, kind: str | None) -> None:
    assert other_kind(content) == kind
