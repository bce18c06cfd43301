"""Files as a ZIP archive whose bytes depend on nothing but the files."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping

SUMS = "SHA256SUMS"
# The earliest time that a ZIP can say.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of files in the order of their names, with `SHA256SUMS` (GNU coreutils).

    Nothing is compressed: weights cannot be, and the bytes are then not those of one version of
    zlib.

    Args:
        files: Content by path in the archive; parts of paths are separated by a slash.
    """
    whole = {**files, SUMS: sums_of(files)}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(whole):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system, entry.external_attr = 3, _MODE << 16
            archive.writestr(entry, whole[name])
    return content.getvalue()


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """Return the lines that `sha256sum --check` reads."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "".join(lines).encode()
