"""Images that are stored as they came: which ones are, what is read again, and what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from service.datasets.store.encoded import IMAGES, EncodedSamples
from service.errors import InvalidDatasetError
from tests.support.datasets import bad, making
from tests.support.datasets.importing import Import


def jpeg(seed: int, height: int, width: int, mode: str = "RGB", orientation: int = 1) -> bytes:
    few = making.pixels(seed, (3, 4, 3))
    image = Image.fromarray(few).resize((width, height), Image.Resampling.BICUBIC).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif, quality=95)
    return buffer.getvalue()


def varied(n: int = 12, **more: bytes) -> dict[str, bytes]:
    """Return images of two classes, each of a size of its own."""
    files = {
        f"{name}/{i:02}.jpg": jpeg(100 * place + i, 20 + i, 30 - i)
        for place, name in enumerate(("cat", "dog"))
        for i in range(n)
    }
    return files | {name.replace("__", "/").replace("_", "."): of for name, of in more.items()}


def test_images_of_classes_that_differ_in_size_are_stored_as_they_came(imported: Import) -> None:
    files = varied()
    found, stored = imported(making.zipped(files))
    assert found.manifest["storage"] == "encoded"
    assert (found.manifest["size_px"], found.manifest["largest_px"]) == (19, 31)
    assert found.least_px["train"] >= 19
    assert isinstance(stored.inputs, EncodedSamples)
    assert (stored.inputs.folder / IMAGES).read_bytes() == b"".join(
        files[n] for n in sorted(files)
    )
    for index, name in enumerate(sorted(files)):
        expected = np.moveaxis(np.asarray(Image.open(io.BytesIO(files[name]))), 2, 0)
        np.testing.assert_array_equal(stored.sample(index), expected)
    assert any("task.size_px" in warning for warning in found.warnings)
    # How the files were packed changes nothing.
    assert imported(making.tarred(files))[0].sha256 == found.sha256
    assert imported(making.zipped(files), split_seed=1)[0].sha256 != found.sha256


@pytest.mark.parametrize(
    ("files", "options", "storage"),
    [
        (making.class_files(6), {}, "values"),
        (making.class_files(6), {"storage": "encoded"}, "encoded"),
        (varied(), {"size_px": 16}, "values"),
        (varied(), {"storage": "values"}, "values"),
        (making.plain_files(), {}, "values"),
        (making.plain_files(), {"storage": "encoded"}, "encoded"),
    ],
)
def test_how_images_are_stored_follows_from_options_and_sizes(
    files: dict[str, bytes], options: dict[str, object], storage: str, imported: Import
) -> None:
    found, stored = imported(making.zipped(files), **options)
    assert found.manifest.get("storage", "values") == storage
    assert len(stored.inputs) == len(files)


def test_images_of_every_sort_come_back_upright_and_converted(imported: Import) -> None:
    """CMYK, a palette, grey, black and white, turned by its EXIF data, of one pixel."""
    odd = {
        "cat/cmyk.jpg": jpeg(1, 24, 40, "CMYK"),
        "cat/grey.jpg": jpeg(2, 33, 21, "L"),
        "cat/palette.png": bad.mode("P"),
        "cat/one.png": making.image(1, (1, 1)),
        "cat/line.png": making.image(1, (1, 300)),
        "cat/turned.jpg": jpeg(3, 24, 40, orientation=6),
        "cat/upside.jpg": jpeg(4, 24, 40, orientation=3),
    }
    found, stored = imported(making.zipped(varied() | odd), convert="colour")
    assert found.manifest["n_channels"] == 3
    names = sorted(varied() | odd)
    turned = names.index("cat/turned.jpg")
    assert stored.inputs.shapes[turned].tolist() == [3, 40, 24]
    assert isinstance(stored.inputs, EncodedSamples)
    for index, name in enumerate(names):
        whole = stored.sample(index)
        _, height, width = whole.shape
        # Any box of it is what the same box of the decoded image gives.
        box = (0.0, 0.0, float(width), max(1.0, height / 2))
        image = Image.fromarray(np.ascontiguousarray(np.moveaxis(whole, 0, 2)))
        expected = image.resize((8, 8), Image.Resampling.BILINEAR, box)
        given = np.moveaxis(stored.inputs.resized(index, box, 8), 0, 2).astype(int)
        # A JPEG is decoded at a part of its size: nearly the same.
        assert np.abs(given - np.asarray(expected)).mean() < 6, name


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "is empty"),
        (jpeg(1, 300, 200)[:-2000], "cannot be decoded"),
        (making.image(1)[:-60], "cannot be decoded"),
        (bad.mode("I;16"), "8 bits"),
        (bad.mode("RGBA"), "transparent"),
        (bad.image_bomb(), "of at most 80,000,000: scale it down"),
        (making.image(1, (9, 9)), "1 channels"),
    ],
)
def test_a_bad_image_among_good_ones_is_named(file: bytes, reason: str, imported: Import) -> None:
    with pytest.raises(InvalidDatasetError, match=reason) as refused:
        imported(making.zipped(varied(dog__05x_png=file)))
    assert refused.value.entry == "dog/05x.png"


@pytest.mark.parametrize(
    ("content", "entry"),
    [
        (making.zipped(making.pair_files()), "storage"),
        (making.npz(x=making.pixels(0, (20, 8, 8)), y=np.arange(20) % 2), "storage"),
    ],
)
def test_what_is_stored_as_values_alone_is_said(
    content: bytes, entry: str, imported: Import
) -> None:
    with pytest.raises(InvalidDatasetError, match="stored as values") as refused:
        imported(content, storage="encoded")
    assert refused.value.entry == entry


def test_a_side_is_of_values_alone(imported: Import) -> None:
    with pytest.raises(ValueError, match="size_px scales images that are stored as values"):
        imported(making.zipped(varied()), storage="encoded", size_px=8)
