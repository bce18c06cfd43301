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
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from service.datasets.sources.conversion import Conversion
from service.datasets.sources.entries import SourceEntry
from service.errors import InvalidDatasetError

# Each decoder is code that a hostile file may reach: these five and no more.
FORMATS = ("PNG", "JPEG", "BMP", "PPM", "WEBP")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".webp"})
MAX_FILE_BYTES = 256 * 2**20
# Below the number at which Pillow itself would warn of a decompression bomb.
MAX_PIXELS = 80_000_000
GREY = frozenset({"1", "L"})
COLOUR = frozenset({"RGB", "P", "CMYK", "YCbCr"})
WITH_ALPHA = frozenset({"RGBA", "LA", "PA"})
MODES: dict[Conversion, str] = {"grey": "L", "colour": "RGB"}
_DAMAGE = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error,
    OverflowError, IndexError, KeyError, TypeError, AttributeError, AssertionError,
    ZeroDivisionError, NotImplementedError, RuntimeError, MemoryError,
)  # fmt: skip
# EXIF orientations whose width is the height of what is shown.
_TURNED = frozenset({5, 6, 7, 8})
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


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
        InvalidDatasetError: It cannot be decoded, is larger than `MAX_PIXELS`, or has values that
            do not fit.
    """
    return decode(entry.name, entry.read(MAX_FILE_BYTES), convert, size_px)


def decode(
    name: str, content: bytes, convert: Conversion | None, size_px: int | None = None
) -> NDArray[np.uint8]:
    """Return the values of an image of this name and content; see `decoded`."""
    with opened(name, content) as image:
        upright = _converted(name, ImageOps.exif_transpose(image), convert)
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
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        if image.size != (size[::-1] if orientation in _TURNED else size):
            raise InvalidDatasetError(name, f"is {image.width} x {image.height} px large")
        _draft(image, box, side)
        # It would copy what lies upright already.
        upright = image if orientation == 1 else ImageOps.exif_transpose(image)
        upright = _converted(name, upright, convert)
        scales = [of_all / before for of_all, before in zip(upright.size, size, strict=True)]
        left, top, right, bottom = (at * scales[i % 2] for i, at in enumerate(box))
        within = (left, top, min(right, upright.width), min(bottom, upright.height))
        return _channels_first(upright.resize((side, side), Image.Resampling.BILINEAR, within))


def _draft(image: Image.Image, box: tuple[float, float, float, float], side: int) -> None:
    # Of equal effect before and after it is turned: the smaller of both factors counts.
    least = min(box[2] - box[0], box[3] - box[1])
    wanted = [max(1, math.ceil(of_all * side / least)) for of_all in image.size]
    image.draft(None, (wanted[0], wanted[1]))


@contextmanager
def opened(name: str, content: bytes) -> Iterator[Image.Image]:
    """Give an image of this name and content, which is decoded when it is used.

    Raises:
        InvalidDatasetError: See `decoded`, also where the block that uses it fails to decode it.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _refuse_odd(name, image)
            yield image
    except _BOMBS as error:
        raise InvalidDatasetError(
            name, f"has more than {MAX_PIXELS:,} pixels: scale it down"
        ) from error
    except _DAMAGE as error:
        raise InvalidDatasetError(
            name, f"cannot be decoded as an image ({_reason(error)}): replace or remove it"
        ) from error


def _channels_first(image: Image.Image) -> NDArray[np.uint8]:
    values = np.asarray(image, dtype=np.uint8)
    if values.ndim == 2:
        return values[np.newaxis]
    return np.ascontiguousarray(np.moveaxis(values, 2, 0))


def _reason(error: Exception) -> str:
    # Pillow's message names the buffer that it read from, which does not help a user.
    if isinstance(error, UnidentifiedImageError):
        return f"it is none of {', '.join(FORMATS)}"
    return str(error) or type(error).__name__


def _refuse_odd(name: str, image: Image.Image) -> None:
    n_pixels = image.width * image.height
    if n_pixels > MAX_PIXELS:
        raise InvalidDatasetError(
            name, f"has {n_pixels:,} pixels: at most {MAX_PIXELS:,} are taken, scale it down"
        )
    if _is_deep(image):
        raise InvalidDatasetError(
            name, "has 16 bits a channel, which 8 bits do not hold: give it as float32 in a .npz"
        )
    # The first picture of an MPO, as telephones write it and call it JPEG, is the photograph.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise InvalidDatasetError(name, "is an animation: give its frames as files of their own")


def _is_deep(image: Image.Image) -> bool:
    """Whether Pillow would cut its channels down to 8 bits, of which its mode says nothing."""
    layouts = [tile.args for tile in getattr(image, "tile", ())]
    if image.format == "PNG":  # "RGB;16B"
        return any(";16" in str(of) for of in layouts)
    # "RGB", 65535
    return image.format == "PPM" and any(isinstance(of, tuple) and of[1] > 255 for of in layouts)


def _converted(name: str, image: Image.Image, convert: Conversion | None) -> Image.Image:
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
