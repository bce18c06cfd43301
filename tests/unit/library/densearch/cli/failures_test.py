"""How a command fails."""

from __future__ import annotations

import pytest

from densearch.cli.failures import USAGE, fail, reason_of


def test_a_failure_is_one_sentence_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        fail("there is no job 5", USAGE)
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "densearch: there is no job 5\n")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ({"title": "Bad data", "detail": "no masks"}, "Bad data: no masks"),
        ({"title": None, "detail": "no masks"}, "no masks"),
        ({"detail": 3}, "3"),
    ],
)
def test_a_reason_has_its_title_where_there_is_one(error: dict[str, object], shown: str) -> None:
    assert reason_of(error) == shown
