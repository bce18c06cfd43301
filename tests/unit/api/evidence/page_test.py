"""The page of a small recorded run: every figure on it comes from the records."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from api.evidence.page import figure, page
from api.evidence.records import EvidenceRun
from tests.support.evidence import recorded


@pytest.fixture(scope="module")
def text() -> str:
    return page(recorded())


def test_the_figure_comes_first_and_every_part_has_its_heading(text: str) -> None:
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert headings == [
        "Answers", "Pooled", "The papers' claims", "What each tuned value gains",
        "What a decision costs", "In the tasks' metrics", "Failures",
        "Null results and cells without a result", "A check of the method", "Machine and versions",
    ]  # fmt: skip
    assert text.index("![Forest plot") < text.index("## Answers")
    assert "**In 3 cells: no difference that matters in 2, not decided in 1.**" in text


def test_null_results_and_what_was_left_out_are_named(text: str) -> None:
    assert "- faces, 3x3: not decided." in text
    assert "- ItalyPowerDemand, kernels of 3: ItalyPowerDemand is in the wheel of aeon" in text


def test_it_names_machine_versions_and_files(text: str) -> None:
    assert "2 x AMD EPYC, Linux, Python 3.11.7." in text
    assert "torch 2.13.0+cpu" in text
    assert "(losses.csv)" in text
    assert "(records.json)" in text


def test_it_does_not_depend_on_when_it_is_written(text: str) -> None:
    assert page(recorded()) == text
    assert figure(recorded()) == figure(recorded())


def test_the_figure_has_a_row_for_each_cell_and_the_pooled_ones() -> None:
    drawn = figure(recorded())
    for words in ("digits, 3x3", "faces, 3x3", "1,000 images, 5x5", "all, 3 tasks", "a new task"):
        assert words in drawn


def test_a_run_without_results_says_so() -> None:
    run = recorded()
    empty = EvidenceRun("quick", "a machine", {}, [replace(own, report=None) for own in run.cells])
    assert "**No job of the protocol has a result.**" in page(empty)
    assert "<svg" in figure(empty)
