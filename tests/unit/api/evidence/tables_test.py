"""Tables of the page: a row for each cell, figures as the comparisons give them."""

from __future__ import annotations

from dataclasses import replace

from api.evidence.records import DIVERGED, NOTHING
from api.evidence.tables import (
    chain_table,
    combined_text,
    failure_table,
    label,
    metric_table,
    ratio_text,
    table,
)
from service.report.effects import Effect
from tests.support.evidence import cell

LOSSES = {
    "uniform": [1.0, 1.2], "uniform_tuned": [1.0, 1.2], "flat_tuned": [0.9, 1.0],
    "density_tuned": [0.45, 0.5],
}  # fmt: skip


def test_a_table_is_markdown() -> None:
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_kernels_are_named_by_their_dimensions() -> None:
    images = cell({"uniform": [0.5]})
    signals = replace(images, spec={"task": {"data": {"n_dims": 1}}})
    assert (label(images), label(signals)) == ("made, 3x3", "made, 3")


def test_the_chain_has_each_link() -> None:
    (row,) = chain_table([cell(LOSSES)]).splitlines()[2:]
    assert row.startswith("| made, 3x3 | 1 (the same trainings) | 0.866 [")
    assert " | 0.500" in row


def test_a_ratio_without_an_interval_is_a_ratio() -> None:
    assert ratio_text(Effect(1, 1, "ratio", -0.25, None, None, 0.05, None, None, None)) == "0.750"
    assert ratio_text(None) == "-"


def test_metrics_have_their_units() -> None:
    accuracy = {"density_tuned": [0.9, 0.8], "uniform_tuned": [0.8, 0.7]}
    simpler = ("uniform_tuned", "flat_tuned")
    text = metric_table([cell(LOSSES, accuracy=accuracy)], "density_tuned", simpler)
    assert "| made, 3x3 | accuracy | +10.00 [+10.00, +10.00] points, 2 seeds | - |" in text


def test_failures_are_counted_by_their_kind() -> None:
    made = cell(LOSSES)
    states = [DIVERGED, NOTHING]
    failed = [
        replace(own, state=states[own.seed]) if own.arm == "uniform" else own
        for own in made.trainings
    ]
    text = failure_table([replace(made, trainings=failed)])
    assert text.splitlines()[2:] == ["| made, 3x3 | `uniform` | 1 | 1 | 0 | 2 |"]
    assert failure_table([made]).startswith("No final training")


def test_what_cannot_be_pooled_is_said() -> None:
    assert combined_text(None) == "not enough independent tasks"
