"""The bars of an upload: on terminals alone, a stage after the other, with amounts in words."""

from __future__ import annotations

import io
from typing import Any, cast

import pytest
from rich.console import Console

from densearch.answers import ImportAnswer
from densearch.cli.upload_bars import UploadBars, amount_of


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ((0, None, None), ""),
        ((0, None, "bytes"), ""),
        ((1_200_000, 5_000_000_000, "bytes"), "1.2 of 5,000.0 MB"),
        ((1_200_000, None, "bytes"), "1.2 MB"),
        ((12_000, 200_000, "samples"), "12,000 of 200,000 samples"),
        ((7, None, "samples"), "7 samples"),
    ],
)
def test_amounts_in_words(amount: tuple[int, int | None, str | None], words: str) -> None:
    assert amount_of(*amount) == words


def an_import(**changes: Any) -> ImportAnswer:
    base = {"stage": "reading", "n_done": 12_000, "n_total": 200_000, "unit": "samples"}
    return cast("ImportAnswer", base | changes)


def drawn(*, is_terminal: bool) -> str:
    screen = Console(file=io.StringIO(), force_terminal=is_terminal, width=100)
    with UploadBars(4_000_000, screen) as bars:
        bars.sent(1_000_000)
        bars._progress.refresh()
        bars.sent(3_000_000)
        bars._progress.refresh()
        for found in (an_import(), an_import(stage="storing", n_total=None, unit=None)):
            bars.imported(found)
            bars._progress.refresh()
    return cast("io.StringIO", screen.file).getvalue()


def test_each_stage_is_drawn_on_a_terminal() -> None:
    text = drawn(is_terminal=True)
    parts = ["sending", "1.0 of 4.0 MB", "the server reads it", "reading", "12,000 of 200,000"]
    places = [text.index(part) for part in [*parts, "storing"]]
    assert places == sorted(places)


def test_nothing_is_drawn_elsewhere() -> None:
    assert drawn(is_terminal=False).strip() == ""
