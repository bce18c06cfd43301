"""Many trainings in one figure: which are thick, against what, and of how many."""

from __future__ import annotations

import json
from typing import Any

from api.dashboard.figures.curve_sets import CurveAxis, CurveSet, curves_figure
from api.dashboard.figures.themes import THEMES
from service.records import Study
from service.states import Role
from service.storage.training_curves import MeasuredEpoch, SomeCurves, TrainingCurve

THEME = THEMES["light"]


def study(number: int, name: str) -> Study:
    return Study(
        number, 1, number, name, Role.SEARCH, name, 1, 9, 0,
        is_finished=False, stopped_at=None, best_trial_id=None, best_value=None,
    )  # fmt: skip


def curve(trial: int, *losses: float, study_id: int = 1) -> TrainingCurve:
    return TrainingCurve(trial, study_id, trial, losses[-1], losses)


def drawn(curves: CurveSet, against: CurveAxis = "epoch") -> dict[str, Any]:
    figure = curves_figure(curves, against, THEME, "jobs/1/trials/")
    assert figure is not None
    json.dumps(figure, allow_nan=False)
    return figure


EPOCHS = {
    1: [MeasuredEpoch(1, 5.0, 3.0, 10.0), MeasuredEpoch(2, 4.0, 2.0, 20.0)],
    2: [MeasuredEpoch(1, None, 6.0, 30.0)],
}


def test_all_are_thin_and_the_chosen_one_is_thick_with_both_losses() -> None:
    some = [curve(1, 3.0, 2.0), curve(2, 6.0), curve(3, 9.0, 8.0, 7.0)]
    figure = drawn(CurveSet([study(1, "<b>")], SomeCurves(some, 3), some[:1], EPOCHS, 9))
    thin, validation, training = figure["data"]
    assert thin["x"] == [1.0, None, 1.0, 2.0, 3.0, None]
    assert thin["y"] == [6.0, None, 9.0, 8.0, 7.0, None]
    assert thin["customdata"][2] == (3, "3")
    assert validation["name"] == "&lt;b&gt; 1, validation"
    assert (validation["y"], training["y"]) == ([3.0, 2.0], [5.0, 4.0])
    assert thin["line"]["width"] < validation["line"]["width"]
    assert validation["line"]["dash"] != training["line"]["dash"]
    assert "<b>" not in thin["name"]
    assert " of 3 trainings" not in figure["layout"]["meta"]["caption"]


def test_against_time_only_measured_trainings_have_a_line_and_the_rest_is_counted() -> None:
    some = [curve(1, 3.0, 2.0), curve(2, 6.0), curve(3, 9.0)]
    figure = drawn(CurveSet([study(1, "a")], SomeCurves(some, 50), [], EPOCHS, 9), "time")
    [thin] = figure["data"]
    assert thin["x"] == [10.0, 20.0, None, 30.0, None]
    caption = figure["layout"]["meta"]["caption"]
    assert "3 of 50 trainings" in caption
    assert "1 took the result" in caption


def test_a_diverged_loss_is_left_out_and_nothing_is_no_figure() -> None:
    bad = [curve(1, 3.0, float("inf"))]
    [thin] = drawn(CurveSet([study(1, "a")], SomeCurves(bad, 1), [], {}, 9))["data"]
    assert thin["y"] == [3.0, None]
    empty = CurveSet([study(1, "a")], SomeCurves([], 0), [], {}, 9)
    assert curves_figure(empty, "epoch", THEME, "") is None
