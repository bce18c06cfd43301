"""From the bytes of a name or a table to text: by evidence, or as the user says."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Literal

from densearch import names
from service.errors import InvalidDatasetError

Encoding = Literal[
    "utf-8", "cp437", "cp850", "cp852", "cp855", "cp857", "cp858", "cp862", "cp866", "cp874",
    "cp932", "cp949", "cp950", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255",
    "cp1256", "cp1257", "cp1258", "big5hkscs", "euc_jp", "euc_kr", "gb18030", "iso8859_15",
    "koi8_r", "koi8_u", "latin_1", "mac_roman",
]  # fmt: skip
# Byte order marks, the longer ones first; an Excel file "Unicode text" is UTF-16.
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# APPNOTE.TXT 4.6.9: Info-ZIP's Unicode Path, with the CRC of the name that it stands for.
_UNICODE_PATH = 0x7075
REMEDY = (
    "say the encoding with the option encoding, such as cp437 or cp850 (DOS and Windows in the "
    "West), cp866 or cp1251 (Cyrillic), cp932 (Japanese), gb18030 or cp950 (Chinese), cp949 "
    "(Korean)"
)


def unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Return the name that an extra field of a zip entry gives in UTF-8; None without one.

    Args:
        extra: All extra fields of the entry.
        raw: The entry's name, for which the field must have been made.
    """
    at = 0
    while at + 4 <= len(extra):
        kind, size = (int.from_bytes(extra[at + i : at + i + 2], "little") for i in (0, 2))
        content = extra[at + 4 : at + 4 + size]
        at += 4 + size
        is_of_it = len(content) == size >= 5 and content[0] == 1
        if kind != _UNICODE_PATH or not is_of_it:
            continue
        if int.from_bytes(content[1:5], "little") == zlib.crc32(raw):
            return _text(content[5:], "utf-8")
    return None


def decoded_names(raw: Sequence[bytes], encoding: Encoding | None) -> list[str]:
    """Return the names that nothing else says how to read, all in one encoding.

    Without an encoding they are UTF-8, if all of them are: text in another encoding is hardly
    ever valid UTF-8.

    Raises:
        InvalidDatasetError: They are in another encoding than is said, or in an unknown one.
    """
    found = []
    for name in raw:
        text = _text(name, encoding or "utf-8")
        if text is None:
            shown = names.shown(name.decode("ascii", "backslashreplace"))
            known = (
                f"is not in {encoding}" if encoding else "is not in UTF-8, and nothing says how"
            )
            raise InvalidDatasetError(shown, f"the name {known} it is written: {REMEDY}")
        found.append(text)
    return found


def decoded_name(name: str, encoding: Encoding | None) -> str:
    """Return a name of a file system or a tar file, whose bytes that are no UTF-8 are surrogates.

    Raises:
        InvalidDatasetError: See `decoded_names`.
    """
    if not _has_surrogates(name):
        return name
    return decoded_names([name.encode("utf-8", "surrogateescape")], encoding)[0]


def of_table(head: bytes, encoding: Encoding | None) -> str:
    """Return the codec to read a table with.

    Args:
        head: Its first bytes: at least three, if it has so many.
        encoding: What the user says; a byte order mark says more.
    """
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec
    return encoding or "utf-8"


def _text(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _has_surrogates(name: str) -> bool:
    return not name.isascii() and any("\ud800" <= c <= "\udfff" for c in name)
