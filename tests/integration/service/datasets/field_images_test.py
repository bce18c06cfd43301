"""Images as people's cameras and programs make them, and the right answer for each."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image, PngImagePlugin

from service.errors import InvalidDatasetError
from tests.support.datasets import making
from tests.support.datasets.field import CLASSES, field
from tests.support.datasets.importing import Import


@pytest.mark.parametrize(("name", "bits"), [("h01", 16)])
def test_more_than_eight_bits_are_refused(imported: Import, name: str, bits: int) -> None:
    with pytest.raises(InvalidDatasetError, match=f"{bits} bits a channel.*float32") as refused:
        imported(field(name))
    assert refused.value.entry == "cat/0.png"


def test_metadata_never_refuse_the_pixels(imported: Import) -> None:
    _, stored = imported(field("h07"))
    assert stored.inputs[0].shape == (3, 16, 24)


@pytest.mark.parametrize(
    ("kind", "body"),
    [(b"pHYs", b"\0"), (b"cHRM", b"\1\2"), (b"gAMA", b""), (b"tEXt", b"bad crc"), (b"iCCP", b"x")],
)
def test_a_damaged_chunk_of_a_png_changes_nothing(
    imported: Import, kind: bytes, body: bytes
) -> None:
    files = dict(CLASSES)
    good = files["cat/03.png"]
    chunk = struct.pack(">L", len(body)) + kind + body + b"\0\0\0\0"  # a wrong CRC, too
    files["cat/03.png"] = good[:33] + chunk + good[33:]
    assert imported(making.zipped(files))[0].sha256 == imported(making.zipped(CLASSES))[0].sha256


def test_a_plain_cmyk_jpeg_is_not_black(imported: Import) -> None:
    buffer = io.BytesIO()
    Image.new("CMYK", (16, 16), (0, 0, 0, 0)).save(buffer, "JPEG")
    white = buffer.getvalue()
    at = white.index(b"\xff\xee")
    (length,) = struct.unpack_from(">H", white, at + 2)
    without = white[:at] + white[at + 2 + length :]
    files = {f"{c}/{i}.jpg": without for c in ("cat", "dog") for i in range(12)}
    _, stored = imported(making.zipped(files))
    # Without Adobe's mark a 0 is no ink; with it, Pillow wrote 255 for no ink.
    assert stored.inputs[0].max() <= 5


def test_all_bad_files_come_in_one_answer_or_are_left_out(imported: Import) -> None:
    with pytest.raises(InvalidDatasetError) as refused:
        imported(field("h11"))
    names = {entry for entry, _ in refused.value.faults}
    assert {name.rpartition("/")[2].split(".")[0] for name in names} == {
        "z1", "z2", "z3", "z4", "z6"
    }  # fmt: skip
    assert refused.value.n_faults == 5
    found, stored = imported(field("h11"), skip_bad=True)
    assert any("5 files were left out" in warning for warning in found.warnings)
    names_left = {fault.rpartition("/")[2] for fault in names}
    assert len(names_left) == 5
    assert stored.manifest["n_samples"] == found.manifest["n_samples"] > 0


def test_fifty_are_named_and_the_rest_is_counted(imported: Import) -> None:
    files = making.class_files(40) | {f"cat/bad{i:03}.png": b"" for i in range(73)}
    with pytest.raises(InvalidDatasetError, match="and 23 more") as refused:
        imported(making.zipped(files))
    assert (len(refused.value.faults), refused.value.n_faults) == (50, 73)


def test_a_png_with_text_is_that_without(imported: Import) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "made by hand")
    buffer = io.BytesIO()
    Image.fromarray(making.pixels(3)).save(buffer, "PNG", pnginfo=text)
    files = CLASSES | {"cat/03.png": buffer.getvalue()}
    assert imported(making.zipped(files))[0].sha256 == imported(making.zipped(CLASSES))[0].sha256
