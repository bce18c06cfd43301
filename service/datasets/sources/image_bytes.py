"""What the bytes of an image file say before anything is decoded, and the file without metadata.

Metadata that are damaged never refuse the pixels: where a decoder fails, it is given the parts of
the file that make the picture, and nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
# What a file is that has the ending of an image and is none that is read, by its first bytes.
_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "a GIF"),
    (0, b"II*\0", "a TIFF"),
    (0, b"MM\0*", "a TIFF"),
    (0, b"II+\0", "a TIFF"),
    (0, b"MM\0+", "a TIFF"),
    (8, b"avif", "an AVIF"),
    (8, b"avis", "an AVIF"),
    (8, b"heic", "a HEIC"),
    (8, b"heix", "a HEIC"),
    (8, b"hevc", "a HEIC"),
    (8, b"mif1", "a HEIF"),
    (8, b"msf1", "a HEIF"),
    (4, b"jP  ", "a JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000"),
    (0, b"\xff\x0a", "a JPEG XL"),
    (4, b"JXL ", "a JPEG XL"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"\0\0\1\0", "an icon"),
    (0, b"%PDF", "a PDF"),
    (128, b"DICM", "a DICOM file"),
    (0, b"v/1\1", "an OpenEXR file"),
)
_MARKUP = (
    (b"<!doctype html", "a web page, as of a failed download"),
    (b"<html", "a web page, as of a failed download"),
    (b"<svg", "an SVG"),
    (b"<?xml", "an XML file"),
    (b"version https://git-lfs", "a pointer of Git LFS: fetch the file itself"),
)
# The parts that make the picture: of a PNG without text, time, profile and measures.
_PNG_PARTS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT"})
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# JFIF and Adobe's segment say how colours are stored.
_JPEG_METADATA = (frozenset(range(0xE1, 0xF0)) - {0xEE}) | {0xFE}
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xDA)})
_SCAN = 0xDA
_ORIENTATION = 0x0112


def other_kind(content: bytes) -> str | None:
    """Return what a file is by its first bytes, if it is known and no image that is read."""
    if not content:
        return "empty"
    for at, magic, kind in _OTHERS:
        if content[at:].startswith(magic):
            return kind
    text = content[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((kind for start, kind in _MARKUP if text.startswith(start)), None)


def declared_bits(content: bytes) -> int:
    """Return how many bits a channel has as the file declares it; 8 where it does not say."""
    if content.startswith(PNG) and len(content) > 24:
        return content[24]
    if content.startswith(JPEG):
        sizes = (body for marker, body in _segments(content) if marker in _JPEG_SIZES and body)
        return next(sizes, b"\x08")[0]
    return 8


def bare(content: bytes) -> bytes | None:
    """Return a PNG or JPEG without its metadata; None for another file, or one without any."""
    if content.startswith(PNG):
        found = PNG + b"".join(chunk for kind, chunk in _chunks(content) if kind in _PNG_PARTS)
    elif content.startswith(JPEG):
        found = _bare_jpeg(content)
    else:
        return None
    return found if found != content else None


def orientation_in(content: bytes) -> int:
    """Return the EXIF orientation of a PNG or JPEG, 1 to 8; 1 without one that can be read."""
    exif = b""
    if content.startswith(PNG):
        exif = next((chunk[8:-4] for kind, chunk in _chunks(content) if kind == b"eXIf"), b"")
    elif content.startswith(JPEG):
        bodies = (body for marker, body in _segments(content) if marker == 0xE1)
        exif = next((body[6:] for body in bodies if body.startswith(b"Exif\0\0")), b"")
    return _orientation(exif)


def _orientation(exif: bytes) -> int:
    """Return the orientation that the first directory of a TIFF structure holds."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(f"{order}L", exif, 4)
        (n,) = struct.unpack_from(f"{order}H", exif, at)
        for index in range(n):
            tag, kind, count, value = struct.unpack_from(f"{order}HHLH", exif, at + 2 + 12 * index)
            if (tag, kind, count) == (_ORIENTATION, 3, 1) and 1 <= value <= 8:
                return int(value)
    except struct.error:
        pass
    return 1


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and all bytes of each chunk of a PNG; the last may be cut off."""
    at = len(PNG)
    while at + 8 <= len(content):
        size = int.from_bytes(content[at : at + 4])
        end = at + 12 + size
        yield content[at + 4 : at + 8], content[at:end]
        at = end


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the marker and the content of each segment of a JPEG before its first scan."""
    for marker, start, end in _segment_places(content):
        yield marker, content[start + 4 : end]


def _segment_places(content: bytes) -> Iterator[tuple[int, int, int]]:
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        if marker == _SCAN:
            return
        size = 0 if marker in _JPEG_ALONE else int.from_bytes(content[at + 2 : at + 4])
        yield marker, at, at + 2 + size
        at += 2 + size


def _bare_jpeg(content: bytes) -> bytes:
    kept, end = [content[:2]], 2
    for marker, start, after in _segment_places(content):
        end = after
        if marker not in _JPEG_METADATA:
            kept.append(content[start:after])
    return b"".join([*kept, content[end:]])
