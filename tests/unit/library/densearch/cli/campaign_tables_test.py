"""A campaign on the terminal: cells without an answer, and figures that are not known."""

from __future__ import annotations

from typing import Any

import pytest

from densearch.cli.campaign_tables import estimate_lines, show_campaign

NOTHING: dict[str, Any] = {
    "n_cells": 1,
    "n_trainings": 2,
    "n_shared": 0,
    "work_s": None,
    "time_s": None,
    "money": None,
    "warnings": [],
}


def test_a_cell_without_a_job_or_an_answer_has_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    cell = {"label": "width 4\x1b[2J", "job_id": None, "state": None, "outcome": None}
    unknown = dict.fromkeys(("change", "low", "high", "radius"))
    campaign = {"id": 3, "name": "widths", "counts": {"QUEUED": 1200}}
    show_campaign(campaign, {"findings": ["None yet."], "cells": [cell | unknown], "radius": None})
    found = capsys.readouterr().out
    assert found.startswith("campaign 3, widths: 1,200 queued\nNone yet.\n")
    assert found.splitlines()[-1].split() == ["width", r"4\x1b[2J", "-", "DELETED", *"----"]


def test_an_estimate_has_a_line_for_each_figure_that_is_known() -> None:
    assert list(estimate_lines(NOTHING)) == ["1 job, at most 2 trainings"]
    amount = {"amount": {"low": 1.0, "high": 2.5}, "currency": "EUR"}
    known = {"n_shared": 1500, "work_s": {"low": 60, "high": 120}, "money": amount}
    lines = list(estimate_lines(NOTHING | known | {"warnings": ["long"]}))
    assert lines[1] == "of which cells may share 1,500"
    assert lines[2].startswith("work: 1 min")
    assert lines[3:] == ["cost: 1.00 to 2.50 EUR", "note: long"]
