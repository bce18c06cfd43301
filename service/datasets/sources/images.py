"""Decode image files, which may be damaged or hostile."""

from __future__ import annotations

import io
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageChops, ImageOps, UnidentifiedImageError

from service.datasets.sources import image_bytes
from service.datasets.sources.conversion import Conversion
from service.datasets.sources.entries import SourceEntry
from service.errors import InvalidDatasetError

# Each decoder is code that a hostile file may reach: these five and no more.
FORMATS = ("PNG", "JPEG", "BMP", "PPM", "WEBP")
SUFFIXES = frozenset(
    {
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".bmp",
        ".dib",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".webp",
    }
)
# Endings of images in formats that are not read.
CONVERTIBLE = frozenset(
    {
        ".apng", ".arw", ".avif", ".cr2", ".cr3", ".dcm", ".dng", ".exr", ".gif", ".hdr", ".heic",
        ".heif", ".ico", ".j2k", ".jp2", ".jxl", ".nef", ".orf", ".pcx", ".pfm", ".psd", ".raf",
        ".raw", ".rw2", ".svg", ".tga", ".tif", ".tiff",
    }
)  # fmt: skip
MAX_FILE_BYTES = 256 * 2**20
# Ours is a setting, and applies to the size that a header declares, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
GREY = frozenset({"1", "L"})
COLOUR = frozenset({"RGB", "P", "CMYK", "YCbCr"})
WITH_ALPHA = frozenset({"RGBA", "LA", "PA"})
MODES: dict[Conversion, str] = {"grey": "L", "colour": "RGB"}
_DAMAGE = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error,
    OverflowError, IndexError, KeyError, TypeError, AttributeError, AssertionError,
    ZeroDivisionError, NotImplementedError, RuntimeError, MemoryError,
)  # fmt: skip
# What each EXIF orientation asks for; from 5 on an image's width is the height of what is shown.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def is_image(entry: SourceEntry) -> bool:
    """Whether an entry's name says that it is an image that can be read."""
    return entry.suffix in SUFFIXES


def decoded(
    entry: SourceEntry, convert: Conversion | None, size_px: int | None
) -> NDArray[np.uint8]:
    """Return an image's values, (C, H, W), upright as its EXIF says.

    Args:
        entry: The image's file.
        convert: What to convert it to; None to keep what it is.
        size_px: Scale the shorter side to this and cut the middle square; None to keep the size.

    Raises:
        InvalidDatasetError: It cannot be decoded, has more than `entry.max_pixels`, or has values
            that do not fit.
    """
    content = entry.read(MAX_FILE_BYTES)
    return decode(entry.name, content, convert, size_px, entry.max_pixels)


def decode(
    name: str,
    content: bytes,
    convert: Conversion | None,
    size_px: int | None = None,
    max_pixels: int | None = None,
) -> NDArray[np.uint8]:
    """Return the values of an image of this name and content; see `decoded`.

    What is stored already has no limit of pixels: it was held to one when it was imported.
    """
    with opened(name, content, max_pixels) as image:
        upright = turned(_converted(name, image, convert), orientation_of(image))
        if size_px is not None:
            upright = ImageOps.fit(upright, (size_px, size_px), Image.Resampling.BICUBIC)
        return _channels_first(upright)


def decode_box(
    name: str,
    content: bytes,
    convert: Conversion | None,
    size: tuple[int, int],
    box: tuple[float, float, float, float],
    side: int,
) -> NDArray[np.uint8]:
    """Return a box of an image scaled to a square, (C, side, side), by averaging (bilinear).

    A JPEG is decoded at an eighth, a quarter or half of its size where the box still has `side`
    pixels then: that takes a fraction of the time.

    Args:
        name: The image's, for messages.
        content: Its file.
        convert: See `decoded`.
        size: Its width and height, upright.
        box: Left, top, right and bottom, within the upright image.
        side: Of the result, px.

    Raises:
        InvalidDatasetError: See `decoded`; or it has another size.
    """
    with opened(name, content) as image:
        orientation = orientation_of(image)
        if image.size != (size[::-1] if orientation >= 5 else size):
            raise InvalidDatasetError(name, f"is {image.width} x {image.height} px large")
        _draft(image, box, side)
        upright = turned(_converted(name, image, convert), orientation)
        scales = [of_all / before for of_all, before in zip(upright.size, size, strict=True)]
        left, top, right, bottom = (at * scales[i % 2] for i, at in enumerate(box))
        within = (left, top, min(right, upright.width), min(bottom, upright.height))
        return _channels_first(upright.resize((side, side), Image.Resampling.BILINEAR, within))


def _draft(image: Image.Image, box: tuple[float, float, float, float], side: int) -> None:
    # Of equal effect before and after it is turned: the smaller of both factors counts.
    least = min(box[2] - box[0], box[3] - box[1])
    wanted = [max(1, math.ceil(of_all * side / least)) for of_all in image.size]
    image.draft(None, (wanted[0], wanted[1]))


def orientation_of(image: Image.Image) -> int:
    """Return how an image that is `opened` is turned by its metadata, 1 to 8."""
    found = image.getexif().get(ExifTags.Base.Orientation)
    return found if found in _TURNS else 1


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """Return an image of that orientation upright; the metadata are not looked at again."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


@contextmanager
def opened(name: str, content: bytes, max_pixels: int | None = None) -> Iterator[Image.Image]:
    """Give an image of this name and content, which is decoded when it is used.

    Raises:
        InvalidDatasetError: See `decoded`, also where the block that uses it fails to decode it.
    """
    try:
        with _loadable(name, content, max_pixels) as image:
            _refuse_odd(name, image, content)
            yield image
    except _DAMAGE as error:
        raise InvalidDatasetError(name, _reason(error, content)) from error


@contextmanager
def _loadable(name: str, content: bytes, max_pixels: int | None) -> Iterator[Image.Image]:
    """Open an image, without its metadata if they are what prevents it from being read.

    Of these the orientation is kept, where it can be found.
    """
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        _refuse_large(name, image, max_pixels)
        if image.format == "PNG":
            image.load()  # its metadata lie behind the pixels as well
        image.getexif()
    except _DAMAGE:
        without = image_bytes.bare(content)
        if without is None:
            raise
        image = Image.open(io.BytesIO(without), formats=FORMATS)
        _refuse_large(name, image, max_pixels)
        image.getexif()[ExifTags.Base.Orientation] = image_bytes.orientation_in(content)
    with image:
        yield image


def _channels_first(image: Image.Image) -> NDArray[np.uint8]:
    values = np.asarray(image, dtype=np.uint8)
    if values.ndim == 2:
        return values[np.newaxis]
    return np.ascontiguousarray(np.moveaxis(values, 2, 0))


def _reason(error: Exception, content: bytes) -> str:
    kind = image_bytes.other_kind(content)
    if kind == "empty":
        return "is empty: replace or remove it"
    if kind is not None:
        return f"is {kind}, which is not read: convert it to PNG, or remove it"
    # Pillow's message names the buffer that it read from, which does not help a user.
    is_none = isinstance(error, UnidentifiedImageError)
    what = f"it is none of {', '.join(FORMATS)}" if is_none else str(error) or type(error).__name__
    return f"cannot be decoded as an image ({what}): replace or remove it"


def _refuse_large(name: str, image: Image.Image, max_pixels: int | None) -> None:
    n_pixels = image.width * image.height
    if max_pixels is not None and n_pixels > max_pixels:
        raise InvalidDatasetError(
            name,
            f"has {n_pixels:,} pixels, of at most {max_pixels:,}: scale it "
            "down, or raise DENSEARCH_MAX_IMAGE_PIXELS",
        )


def _refuse_odd(name: str, image: Image.Image, content: bytes) -> None:
    n_bits = 16 if _is_deep(image) else image_bytes.declared_bits(content)
    if n_bits > 8:
        raise InvalidDatasetError(
            name,
            f"has {n_bits} bits a channel, which 8 bits do not hold: give it as float32 in a .npz",
        )
    # The first picture of an MPO, as telephones write it and call it JPEG, is the photograph.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise InvalidDatasetError(name, "is an animation: give its frames as files of their own")


def _is_deep(image: Image.Image) -> bool:
    """Whether Pillow would cut the channels of a PPM down to 8 bits."""
    layouts = [tile.args for tile in getattr(image, "tile", ())]
    # "RGB", 65535
    return image.format == "PPM" and any(isinstance(of, tuple) and of[1] > 255 for of in layouts)


def _converted(name: str, image: Image.Image, convert: Conversion | None) -> Image.Image:
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        image = ImageChops.invert(image)  # Pillow takes every one for Adobe's, which is inverted
    if image.mode in WITH_ALPHA or "transparency" in image.info:
        image = _opaque(name, image)
    if image.mode not in GREY | COLOUR:
        raise InvalidDatasetError(
            name,
            f"has values of the kind {image.mode}, which 8 bits do not hold: give it as float32 "
            "in a .npz",
        )
    own: Conversion = "grey" if image.mode in GREY else "colour"
    mode = MODES[convert or own]
    return image if image.mode == mode else image.convert(mode)


def _opaque(name: str, image: Image.Image) -> Image.Image:
    full = image.convert("RGBA")
    lowest, _ = full.getchannel("A").getextrema()
    if not isinstance(lowest, int | float) or lowest < 255:
        raise InvalidDatasetError(
            name, "is transparent in places: flatten it onto the background you want"
        )
    return full.convert("L" if image.mode in {"LA", "L"} else "RGB")
