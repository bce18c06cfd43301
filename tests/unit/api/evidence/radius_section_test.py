"""The part of the page on data, width and radius: every figure comes from the reports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from api.evidence.campaigns import CampaignRecord, CampaignRun
from api.evidence.page import CAMPAIGNS, campaign_page, page
from api.evidence.radius_section import HEADING, section
from tests.support.evidence import recorded

SLOPE: dict[str, Any] = {
    "name": "training samples", "low_value": 500, "high_value": 8000, "change": -0.12,
    "low": -0.19, "high": -0.05, "p": 0.0123, "df": 7, "n_cells": 3, "is_shown": True,
}  # fmt: skip
CELL: dict[str, Any] = {
    "label": "n_train 500, width 8", "settings": {}, "cells": [0, 1], "rates": [0.1],
    "standing": "fitted", "n_jobs": 2, "width": 1.1, "radius": 1.25, "log_radius": 0.22,
    "low": 1.1, "high": 1.4,
}  # fmt: skip
FLAT = CELL | {"standing": "flat", "radius": None, "low": None, "high": None}


def run_of(*slopes: dict[str, Any]) -> CampaignRun:
    report = {"radius": {"cells": [CELL, FLAT], "slopes": [*slopes]}}
    campaigns = [
        CampaignRecord("fashion", "Fashion-MNIST", {}, report=report),
        CampaignRecord("photos", "photographs", skipped="the server refused it (no)"),
    ]
    return CampaignRun("a machine", {"torch": "2"}, campaigns)


def test_slopes_and_cells_are_those_of_the_reports() -> None:
    text = section(run_of(SLOPE), "c.json")
    shown = "**Shown with more data: 1 sharper and 0 wider, of 1 slope.** 1 of 2 cells have no"
    assert shown in text
    row = "training samples | 500 to 8,000 | -12.0% [-19.0%, -5.0%] | 0.012 | 3 | sharper"
    assert row in text
    assert "n_train 500, width 8 | 1.250 [1.100, 1.400] | 0.1 | 2" in text
    assert "no optimum to speak of" in text
    assert "- photographs: the server refused it (no)." in text
    assert "(c.json)" in text


def test_a_slope_that_is_not_shown_and_one_that_widens_are_called_so() -> None:
    open_end = SLOPE | {"high": 0.02, "is_shown": False}
    wider = SLOPE | {"change": 0.2, "low": 0.1, "high": 0.3}
    text = section(run_of(open_end, wider), "c.json")
    assert "Shown with more data: 0 sharper and 1 wider, of 2 slopes." in text
    assert "| not shown |" in text
    assert "| wider |" in text
    assert "there is no slope" in section(run_of(), "c.json")


def test_what_was_registered_as_secondary_is_no_answer_to_the_question() -> None:
    network = SLOPE | {"name": "channels of the network"}
    text = section(run_of(SLOPE | {"is_shown": False}, network), "c.json")
    assert (
        "**Shown with more data: 0 sharper and 0 wider, of 1 slope; with a larger network "
        "(secondary, uncorrected): 1 sharper and 0 wider, of 1 slope.**"
    ) in text
    assert "| channels of the network (secondary) |" in text
    assert "**No slope on the data; with a larger network" in section(run_of(network), "c.json")


def test_equal_epochs_are_next_to_the_question_and_count_apart() -> None:
    run = run_of(SLOPE | {"is_shown": False})
    secondary = CampaignRecord(
        "epochs", "Fashion-MNIST, equal epochs", {}, report=run_of(SLOPE).campaigns[0].report,
        is_secondary=True,
    )  # fmt: skip
    text = section(replace(run, campaigns=[*run.campaigns, secondary]), "c.json")
    assert (
        "**Shown with more data: 0 sharper and 0 wider, of 1 slope; at equal epochs (secondary): "
        "1 sharper and 0 wider, of 1 slope.**"
    ) in text
    assert "| Fashion-MNIST, equal epochs | training samples (secondary) |" in text


def test_it_stands_in_the_page_of_a_run_and_alone() -> None:
    radii = run_of(SLOPE)
    assert HEADING not in page(recorded())
    whole = page(recorded(), radii)
    assert section(radii, CAMPAIGNS) in whole
    claim = "| more data and larger networks make densities sharper | Shown with more data: 1"
    assert claim in whole
    assert "densities sharper | not asked by this command |" in page(recorded())
    assert "The campaigns: a machine. torch 2." in whole
    assert section(radii, CAMPAIGNS) in campaign_page(radii)
    empty = CampaignRun("a machine", {}, [])
    assert "No campaign has ended." in campaign_page(empty)
