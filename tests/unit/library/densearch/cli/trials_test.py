"""Trials as a table."""

from __future__ import annotations

from typing import Any, cast

import pytest

from densearch.answers import TrialAnswer
from densearch.cli import trials
from densearch.cli.trials import params_text, trials_table
from tests.support.screens import printed

TRIAL = {
    "id": 7,
    "study": "[red]tpe",
    "number": None,
    "phase": "search",
    "state": "COMPLETED",
    "value": 0.123456,
    "training_s": 61.0,
    "params": {"lr": 0.0123456, "den": [1 / 3, 1.0], "norm": "batch"},
}


def test_a_row_has_what_a_person_looks_for() -> None:
    text = printed(trials_table([cast("TrialAnswer", TRIAL)]))
    for shown in ("7", "[red]tpe", "-", "0.1235", "1 min 01 s", "lr=0.01235 den=[0.3333, 1]"):
        assert shown in text


def test_params_are_short() -> None:
    assert params_text({}) == ""
    assert params_text({"n": 3, "flag": True}) == "n=3 flag=True"


def test_a_table_that_is_cut_off_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    rows: Any = [TRIAL]
    trials._show(rows, is_cut=True)
    shown = capsys.readouterr()
    assert "0.1235" in shown.out
    assert shown.err == "the first 50: --limit shows more\n"
    trials._show([], is_cut=False)
    assert capsys.readouterr().out == "no trial fits\n"
