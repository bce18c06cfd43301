"""Uploads with something wrong in them, made by hand."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.support.datasets import making

GOOD = making.class_files(4)


def good_and(**files: bytes) -> bytes:
    return making.zipped(GOOD | {name.replace("__", "/"): found for name, found in files.items()})


def named(name: str) -> bytes:
    return making.zipped(GOOD | {name: making.image(1)})


def zip_of(info: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    buffer = io.BytesIO(making.zipped(GOOD))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(info, content)
    return buffer.getvalue()


def link() -> bytes:
    info = zipfile.ZipInfo("cat/link.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zip_of(info, b"/etc/passwd")


def locked() -> bytes:
    content = bytearray(making.zipped(GOOD))
    # The first bit of the flags, in every entry of the list at the end.
    at = content.find(b"PK\1\2")
    while at >= 0:
        content[at + 8] |= 1
        at = content.find(b"PK\1\2", at + 4)
    return bytes(content)


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate"):
        return zip_of(zipfile.ZipInfo("cat/00.png"))


def damaged_middle() -> bytes:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        for name, content in GOOD.items():
            archive.writestr(name, content)
    damaged = bytearray(stored.getvalue())
    at = damaged.find(GOOD["cat/02.png"])
    damaged[at + 60] ^= 0xFF
    return bytes(damaged)


def misplaced() -> bytes:
    content = bytearray(making.zipped(GOOD))
    # Where the list begins, at the end: 5 further, so that files seem to begin 5 before the first.
    (place,) = struct.unpack_from("<L", content, len(content) - 6)
    struct.pack_into("<L", content, len(content) - 6, place + 5)
    return bytes(content)


def bomb() -> bytes:
    return making.zipped({"a/1.png": b"\0" * (150 * 2**20), "b/1.png": b""})


def image_bomb() -> bytes:
    # 30,000 x 30,000 grey pixels are declared in a file of 100 bytes.
    return _png(struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0), b"\0" * 100)


def deep_colours() -> bytes:
    """Return a PNG of 16 bits a channel."""
    row = b"\0" + bytes(range(48))
    return _png(struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0), 8 * row)


def _png(head: bytes, pixels: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def mode(mode: str) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (8, 8)).save(buffer, "PNG")
    return buffer.getvalue()


def tar_with(kind: bytes, name: str = "cat/x.png", target: str = "/etc/passwd") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)
    return buffer.getvalue()


def tar_of(files: Mapping[str, bytes]) -> bytes:
    return making.tarred(files, "w")


def broken_tar() -> bytes:
    content = bytearray(tar_of(GOOD))
    # The name in the header of the last file: its checksum is wrong then.
    content[content.rfind(b"dog/03.png")] ^= 1
    return bytes(content)


def tar_with_extra(kind: bytes, n_bytes: int) -> bytes:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = kind, n_bytes
    return gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + b"a" * n_bytes + b"\0" * 1024)


def animation(form: str) -> bytes:
    buffer = io.BytesIO()
    first, second = (Image.fromarray(making.pixels(seed)) for seed in range(2))
    first.save(buffer, form, save_all=True, append_images=[second])
    return buffer.getvalue()


def coded(character: int) -> NDArray[np.str_]:
    """Twenty texts of which the first begins with a number that is no character."""
    codes = np.full((20, 2), ord("a"), np.uint32)
    codes[0, 0] = character
    return codes.view("<U2")[:, 0]


def npy_of(header: bytes) -> bytes:
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header


def npy(shape: tuple[int, ...], descr: str = "|u1", *, is_fortran: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": descr, "fortran_order": is_fortran, "shape": shape}
    )
    return buffer.getvalue() + b"\0" * 64  # enough for the smallest of them


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, x=np.array([{"a": 1}, None], dtype=object))
    return buffer.getvalue()


def cifar(**changes: bytes) -> bytes:
    files = making.cifar10_files(20)
    top = "cifar-10-batches-bin"
    return making.zipped(files | {f"{top}/{name}.bin": found for name, found in changes.items()})


def mnist(**changes: bytes | None) -> bytes:
    files: dict[str, Any] = making.mnist_files() | {
        name.replace("_", "-"): found for name, found in changes.items()
    }
    return making.zipped({name: found for name, found in files.items() if found is not None})


def labels(lines: str, head: str = "name,wet") -> bytes:
    return making.zipped(making.plain_files() | {"labels.csv": f"{head}\n{lines}".encode()})


def named_image(content: bytes) -> bytes:
    return making.zipped(GOOD | {"cat/x.png": content})


def gif() -> bytes:
    return making.image(1, (9, 9), "GIF")
