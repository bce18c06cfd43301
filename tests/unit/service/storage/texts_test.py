"""What other programs say is stored as any database takes it."""

from __future__ import annotations

import sqlite3

from service.storage.texts import storable


def test_zero_bytes_and_lone_surrogates_are_replaced() -> None:
    assert storable("a\0b\udc80c é") == "a?b?c é"
    with sqlite3.connect(":memory:") as connection:
        stored = connection.execute("SELECT ?", (storable("\0\udfff"),)).fetchone()
    assert stored == ("??",)
