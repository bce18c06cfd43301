"""From an image file that anybody may have made to its values."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from service.datasets.entries import Entry
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
Conversion = Literal["grey", "colour"]
MODES: dict[Conversion, str] = {"grey": "L", "colour": "RGB"}
_DAMAGE = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error,
    OverflowError, IndexError, KeyError, TypeError, AttributeError, AssertionError,
    ZeroDivisionError, NotImplementedError, RuntimeError, MemoryError,
)  # fmt: skip
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def is_image(entry: Entry) -> bool:
    """Whether an entry's name says that it is an image that can be read."""
    return entry.suffix in SUFFIXES


def decoded(entry: Entry, convert: Conversion | None, size_px: int | None) -> NDArray[np.uint8]:
    """Return an image's values, (C, H, W), upright as its EXIF says.

    Args:
        entry: The image's file.
        convert: What to convert it to; None to keep what it is.
        size_px: Scale the shorter side to this and cut the middle square; None to keep the size.

    Raises:
        InvalidDatasetError: It cannot be decoded, is larger than `MAX_PIXELS`, or has values that
            do not fit.
    """
    content = entry.read(MAX_FILE_BYTES)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _refuse_odd(entry.name, image)
            upright = ImageOps.exif_transpose(image)
            converted = _converted(entry.name, upright, convert)
            if size_px is not None:
                converted = ImageOps.fit(converted, (size_px, size_px), Image.Resampling.BICUBIC)
            values = np.asarray(converted, dtype=np.uint8)
    except _BOMBS as error:
        raise InvalidDatasetError(
            entry.name, f"has more than {MAX_PIXELS:,} pixels: scale it down"
        ) from error
    except _DAMAGE as error:
        raise InvalidDatasetError(
            entry.name, f"cannot be decoded as an image ({_reason(error)}): replace or remove it"
        ) from error
    return (
        values[np.newaxis] if values.ndim == 2 else np.ascontiguousarray(np.moveaxis(values, 2, 0))
    )


def _reason(error: Exception) -> str:
    # Pillow names the buffer that it read from, which tells nobody anything.
    if isinstance(error, UnidentifiedImageError):
        return f"it is none of {', '.join(FORMATS)}"
    return str(error) or type(error).__name__


def _refuse_odd(name: str, image: Image.Image) -> None:
    n_pixels = image.width * image.height
    if n_pixels > MAX_PIXELS:
        raise InvalidDatasetError(
            name, f"has {n_pixels:,} pixels: at most {MAX_PIXELS:,} are taken, scale it down"
        )
    # The first picture of an MPO, as telephones write it and call it JPEG, is the photograph.
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise InvalidDatasetError(name, "is an animation: give its frames as files of their own")


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
    return image.convert(MODES[convert or own])


def _opaque(name: str, image: Image.Image) -> Image.Image:
    full = image.convert("RGBA")
    lowest, _ = full.getchannel("A").getextrema()
    if not isinstance(lowest, int | float) or lowest < 255:
        raise InvalidDatasetError(
            name, "is transparent in places: flatten it onto the background you want"
        )
    return full.convert("L" if image.mode in {"LA", "L"} else "RGB")
