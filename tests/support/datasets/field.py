"""Files as people's own programs and systems make them."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

from tests.support.datasets import making
from tests.support.root import ROOT

FIELD = ROOT / "tests" / "assets" / "field"
CLASSES = making.class_files(12)


def field(name: str) -> bytes:
    """Return the stored file whose name begins so."""
    return next(FIELD.glob(f"{name}*")).read_bytes()


def zip_from(files: Mapping[bytes, bytes], *, system: int = 3) -> bytes:
    """Return a zip file whose names are these bytes, with no word about their encoding."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index, (name, content) in enumerate(files.items()):
            info = zipfile.ZipInfo(f"{index:0{len(name)}}")
            info.create_system = system
            archive.writestr(info, content)
    return _renamed(buffer.getvalue(), list(files))


def _renamed(content: bytes, names: list[bytes]) -> bytes:
    """Put names into the heads and the list of a zip file."""
    made = bytearray(content)
    for magic, length_at, name_at in ((b"PK\3\4", 26, 30), (b"PK\1\2", 28, 46)):
        at = 0
        for name in names:
            at = made.index(magic, at)
            (length,) = struct.unpack_from("<H", made, at + length_at)
            assert length == len(name)
            made[at + name_at : at + name_at + length] = name
            at += name_at + length
    return bytes(made)
