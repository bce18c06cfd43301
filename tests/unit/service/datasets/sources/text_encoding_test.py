"""Bytes become text by evidence, or as the user says."""

from __future__ import annotations

import struct
import zlib

import pytest

from service.datasets.sources.text_encoding import (
    decoded_name,
    decoded_names,
    of_table,
    unicode_path,
)
from service.errors import InvalidDatasetError


def field(raw: bytes, name: str, *, kind: int = 0x7075, version: int = 1) -> bytes:
    body = bytes([version]) + struct.pack("<L", zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", kind, len(body)) + body


def test_a_further_field_of_its_own_name_is_believed() -> None:
    other = struct.pack("<HH", 0x5455, 1) + b"\0"
    assert unicode_path(other + field(b"caf\x82", "café"), b"caf\x82") == "café"


@pytest.mark.parametrize(
    "extra",
    [
        b"",
        field(b"other", "café"),
        field(b"caf\x82", "café", version=2),
        field(b"caf\x82", "café", kind=1),
        field(b"caf\x82", "café")[:-1],
    ],
)
def test_what_is_no_such_field_says_nothing(extra: bytes) -> None:
    assert unicode_path(extra, b"caf\x82") is None


def test_names_are_utf8_if_all_of_them_are() -> None:
    names = ["é", "猫", "plain"]
    assert decoded_names([name.encode() for name in names], None) == names
    with pytest.raises(InvalidDatasetError, match="say the encoding") as refused:
        decoded_names(["猫".encode(), b"caf\x82"], None)
    assert refused.value.entry == "caf\\x82"


def test_what_the_user_says_is_taken_or_refused() -> None:
    assert decoded_names([b"caf\x82"], "cp437") == ["café"]
    with pytest.raises(InvalidDatasetError, match="is not in cp932"):
        decoded_names([b"\x81"], "cp932")


def test_names_of_a_file_system_keep_what_is_text() -> None:
    odd = b"caf\x82".decode("utf-8", "surrogateescape")
    assert [decoded_name(name, "cp437") for name in ("猫", odd)] == ["猫", "café"]
    with pytest.raises(InvalidDatasetError, match="say the encoding"):
        decoded_name(odd, None)


@pytest.mark.parametrize(
    ("text", "codec"),
    [("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-8", "cp1251")],
)
def test_a_byte_order_mark_says_more_than_the_user(text: str, codec: str) -> None:
    assert of_table("name".encode(text)[:4], "cp1251") == codec
    assert of_table(b"", None) == "utf-8"
