"""A trial trained again: the words and the exit code of the comparison."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workers.again import OTHER, SAME, main, verdict


@pytest.mark.parametrize(
    ("before", "now", "code", "words"),
    [
        (0.25, 0.25, SAME, "bit for bit"),
        (0.25, 0.2500001, OTHER, "4e-05 % apart"),
        (0.25, None, OTHER, "it diverged"),
        (None, 0.25, OTHER, "no value to compare"),
        (0.0, 1e-300, OTHER, "another value"),
    ],
)
def test_the_values_are_compared_bit_for_bit(
    before: float | None, now: float | None, code: int, words: str
) -> None:
    said, found = verdict(before, now)
    assert (found, words in said) == (code, True)


def test_a_folder_without_the_database_is_said_and_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DENSEARCH_DATABASE_URL", raising=False)
    monkeypatch.setenv("DENSEARCH_DATA_DIR", "elsewhere")  # restored afterwards
    monkeypatch.setattr(sys, "argv", ["again", "7", "--data-dir", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "no database" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
