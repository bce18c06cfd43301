"""The figure of a training's losses: measured ones first, else those of the result it took."""

from __future__ import annotations

from datetime import UTC, datetime

from api.dashboard.figures.curves import figure_of
from api.dashboard.figures.themes import THEMES
from service.records import Json, Measurement

LIGHT = THEMES["light"]


def measured(epoch: int, metrics: Json) -> Measurement:
    return Measurement(1, epoch, 1, metrics, 0.1 * epoch, datetime(2026, 1, 1, tzinfo=UTC))


def lines(figure: Json | None) -> dict[str, tuple[list[int], list[float]]]:
    assert figure is not None
    return {trace["name"]: (trace["x"], trace["y"]) for trace in figure["data"]}


def test_what_was_measured_is_drawn_by_epoch() -> None:
    found = [
        measured(1, {"train_loss": 2.0, "val_loss": 3.0}),
        measured(2, {"train_loss": 1.0, "val_loss": None}),
    ]
    assert lines(figure_of(found, [9.0], LIGHT)) == {
        "training": ([1, 2], [2.0, 1.0]),
        "validation": ([1], [3.0]),
    }


def test_a_result_that_was_taken_has_its_curve() -> None:
    figure = figure_of([], [4.0, 0.2], LIGHT)
    assert lines(figure) == {"validation": ([1, 2], [4.0, 0.2])}
    assert figure is not None
    assert figure["layout"]["yaxis"]["type"] == "log"


def test_losses_below_zero_have_a_linear_axis_and_nothing_is_no_figure() -> None:
    figure = figure_of([], [4.0, -0.2], LIGHT)
    assert figure is not None
    assert figure["layout"]["yaxis"]["type"] == "linear"
    assert figure_of([], None, LIGHT) is None
    assert figure_of([measured(1, {"psnr_db": 3.0})], [], LIGHT) is None
