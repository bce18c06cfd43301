from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.dashboard.figures.convergence import MAX_DOTS, Search, figure_of
from api.dashboard.figures.themes import THEMES, Figure
from api.dashboard.figures.views import View
from service.records import Study
from service.states import Role
from service.storage.overview import Result
from service.storage.trial_marks import TrialMark

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
THEME = THEMES["light"]


def study(place: int, name: str, role: str = "search", repeat: int = 0) -> Study:
    shown = f"{name}-{repeat}" if repeat else name
    return Study(
        place + 1, 1, place, shown, Role(role), name, max(repeat, 1), 9, 0,
        is_finished=False, stopped_at=None, best_trial_id=None, best_value=None,
    )  # fmt: skip


def results(study_id: int, values: list[float], every_s: float = 10.0) -> list[Result]:
    return [
        Result(
            trial_id=100 * study_id + i,
            study_id=study_id,
            number=i,
            value=value,
            finished_at=START + timedelta(seconds=every_s * (i + 1)),
            n_of_study=len(values),
        )
        for i, value in enumerate(values)
    ]


def against_trials(arms: list[Study], found: list[Result]) -> Figure:
    return figure_of(Search(arms, found), View(), THEME)


def against_time(arms: list[Study], found: list[Result]) -> Figure:
    return figure_of(Search(arms, found, since=START), View("time"), THEME)


def lines(figure: Figure) -> dict[str, Figure]:
    return {t["name"]: t for t in figure["data"] if "lines" in t["mode"]}


def test_trials_count_from_one_and_controls_are_level_lines() -> None:
    arms = [study(0, "direct_l"), study(1, "uniform", "control")]
    figure = against_trials(arms, results(1, [3.0, 5.0, 2.0]) + results(2, [4.0]))
    found = lines(figure)
    assert found["direct_l"]["x"] == [1, 3]
    assert found["direct_l"]["y"] == [3.0, 2.0]
    assert found["direct_l"]["customdata"] == [0, 2]
    assert found["direct_l"]["line"]["shape"] == "hv"
    assert found["uniform"]["y"] == [4.0, 4.0]
    assert found["uniform"]["line"]["color"] == THEME.control


def test_repeats_of_a_sampler_are_one_median_in_a_band() -> None:
    arms = [study(0, "direct_l"), *(study(i, "tpe", repeat=i) for i in (1, 2, 3))]
    found = results(1, [3.0, 2.5])
    for number, values in ((2, [6.0, 4.0, 1.0]), (3, [5.0, 5.5, 2.0]), (4, [7.0, 3.0, 3.0])):
        found += results(number, values)
    figure = against_trials(arms, found)
    low, high, first, third, middle = (t for t in figure["data"] if t["name"] == "tpe")
    assert low["y"] == [5.0, 3.0, 1.0]
    assert middle["y"] == [6.0, 4.0, 2.0]
    assert high["y"] == [7.0, 5.0, 3.0]
    assert low["x"] == middle["x"] == high["x"] == [1, 2, 3]
    assert first["y"] == [5.5, 3.5, 1.5]
    assert third["y"] == [6.5, 4.5, 2.5]
    assert middle["customdata"][0] == [5.0, 5.5, 6.5, 7.0]
    assert high["fill"] == third["fill"] == "tonexty"
    assert "middle half" in figure["layout"]["meta"]["caption"]
    assert "fill" not in low
    assert {"direct_l", "tpe"} == {t["name"] for t in figure["data"]}
    # The band's colour is its line's: the second series.
    assert middle["line"]["color"] == THEME.series[1]
    json.dumps(figure, allow_nan=False)


def test_a_lone_repeat_is_a_line_until_others_have_a_result() -> None:
    arms = [study(i, "tpe", repeat=i) for i in (1, 2)]
    figure = against_trials(arms, results(2, [6.0, 4.0]))
    assert lines(figure)["tpe"]["y"] == [6.0, 4.0]
    assert all("fill" not in t for t in figure["data"])


def test_tuned_controls_are_thin_dashed_searches_and_speculations_are_not_shown() -> None:
    arms = [
        study(0, "direct_l"),
        study(1, "uniform_tuned", "tuned"),
        study(2, "uniform", "control"),
        study(3, "direct_l_speculation", "speculation"),
    ]
    found = results(1, [3.0, 2.0]) + results(2, [5.0, 4.0]) + results(3, [6.0]) + results(4, [1.0])
    shown = lines(against_trials(arms, found))
    assert shown.keys() == {"direct_l", "uniform_tuned", "uniform"}
    tuned = shown["uniform_tuned"]
    assert (tuned["x"], tuned["y"]) == ([1, 2], [5.0, 4.0])
    assert tuned["line"]["width"] < shown["direct_l"]["line"]["width"]
    assert tuned["line"]["dash"] != "solid"
    assert tuned["line"]["color"] != shown["uniform"]["line"]["color"] == THEME.control


def test_time_runs_from_the_start_in_a_unit_that_fits() -> None:
    arms = [study(0, "tpe")]
    seconds = against_time(arms, results(1, [3.0, 2.0]))
    assert lines(seconds)["tpe"]["x"] == [10.0, 20.0]
    assert seconds["layout"]["xaxis"]["title"]["text"].endswith(", s")
    minutes = against_time(arms, results(1, [3.0, 2.0], every_s=120))
    assert lines(minutes)["tpe"]["x"] == [2.0, 4.0]
    hours = against_time(arms, results(1, [3.0, 2.0], every_s=7200))
    assert lines(hours)["tpe"]["x"] == [2.0, 4.0]


def test_results_that_came_out_of_order_are_put_in_the_order_of_time() -> None:
    early, late = results(1, [1.0, 2.0])
    swapped = [
        Result(1, 1, 0, early.value, late.finished_at, 2),
        Result(2, 1, 1, late.value, early.finished_at, 2),
    ]
    found = lines(against_time([study(0, "tpe")], swapped))["tpe"]
    assert (found["x"], found["y"]) == ([10.0, 20.0], [2.0, 1.0])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([5.0, 1.0], "linear"),
        ([10.0, 1.0], "log"),
        ([10.0, -1.0], "linear"),
        ([9.0, 0.0], "linear"),
    ],
)
def test_the_axis_is_logarithmic_over_a_decade_of_positive_values(
    values: list[float], kind: str
) -> None:
    figure = against_trials([study(0, "tpe")], results(1, values))
    assert figure["layout"]["yaxis"]["type"] == kind


def test_single_trials_show_where_they_are_few() -> None:
    arms = [study(0, "tpe")]
    few = against_trials(arms, results(1, [3.0, 9.0, 2.0]))
    dots = [t for t in few["data"] if t["mode"] == "markers"]
    assert [t["y"] for t in dots] == [[3.0, 2.0]]  # 9 lies above the staircase's range
    many = against_trials(arms, results(1, [1.0] * (MAX_DOTS + 1)))
    assert all(t["mode"] != "markers" for t in many["data"])


def test_figures_are_plain_svg_without_a_template_and_keep_the_zoom() -> None:
    figure = against_trials([study(0, "<b>x</b>")], results(1, [3.0]))
    assert {t["type"] for t in figure["data"]} == {"scatter"}
    assert "template" not in figure["layout"]
    assert figure["layout"]["uirevision"] == View().revision
    # Plotly.js reads names as HTML of a kind.
    assert "<b>x" not in json.dumps([t["name"] for t in figure["data"]])
    json.dumps(figure, allow_nan=False)


def test_the_first_view_is_not_stretched_by_the_far_edge_of_a_band() -> None:
    arms = [study(i, "tpe", repeat=i) for i in (1, 2, 3)]
    found = results(2, [1.2, 1.1]) + results(3, [1.3, 1.0]) + results(4, [9.0, 1.05])
    view = against_trials(arms, found)["layout"]["yaxis"]["range"]
    assert view[0] < 1.0
    assert 1.1 < view[1] < 9.0


@pytest.mark.parametrize(
    ("first", "is_zoomed"), [(9.0, True), (1.3, False), (50.0, False)], ids=["far", "near", "log"]
)
def test_the_first_view_shows_where_the_arms_end(first: float, is_zoomed: bool) -> None:
    figure = against_trials([study(0, "tpe")], results(1, [first, 1.1, 1.0]))
    view = figure["layout"]["yaxis"].get("range")
    assert (view is not None) == is_zoomed
    if view is not None:
        assert view[0] < 1.0 < view[1] < first


def test_regret_is_counted_from_the_minimum_of_a_function_or_else_from_the_best() -> None:
    arms, found = [study(0, "tpe")], results(1, [3.0, 1.0])
    view = View(shown="regret")
    known = figure_of(Search(arms, found, function="branin"), view, THEME)
    assert lines(known)["tpe"]["y"] == pytest.approx([2.602113, 0.602113], abs=1e-6)
    assert "minimum" in known["layout"]["meta"]["caption"]
    other = figure_of(Search(arms, found), view, THEME)
    assert lines(other)["tpe"]["y"] == [2.0, 0.0]
    assert other["layout"]["yaxis"]["type"] == "log"
    caption = other["layout"]["meta"]["caption"]
    assert "not known" in caption
    assert "regret of 0" in caption


def test_time_in_training_does_not_depend_on_when_results_came() -> None:
    arms = [study(0, "tpe")]
    spent = [replace(r, compute_s=60.0 * (r.number + 1)) for r in results(1, [3.0, 2.0, 1.0])]
    late = [replace(r, finished_at=START + timedelta(days=9 - r.number)) for r in spent]
    view = View("compute")
    one, two = (figure_of(Search(arms, own, since=START), view, THEME) for own in (spent, late))
    assert one == two
    assert lines(one)["tpe"]["x"] == [1.0, 2.0, 3.0]
    assert one["layout"]["xaxis"]["title"]["text"].endswith(", min")


def test_a_logarithmic_x_axis_has_no_line_from_0() -> None:
    arms = [study(0, "tpe"), study(1, "uniform", "control")]
    found = results(1, [3.0, 2.0]) + results(2, [4.0])
    figure = figure_of(Search(arms, found), View(x_scale="log"), THEME)
    assert figure["layout"]["xaxis"]["type"] == "log"
    assert min(lines(figure)["uniform"]["x"]) > 0


def test_marks_lie_below_the_lines() -> None:
    mark = TrialMark(1, 5, "pruned", START, 9.0, 1)
    figure = figure_of(Search([study(0, "tpe")], results(1, [3.0]), [mark]), View(), THEME)
    [strip] = [t for t in figure["data"] if t.get("yaxis") == "y2"]
    assert strip["x"] == [6]
    assert figure["layout"]["xaxis"]["anchor"] == "y2"
    assert "1 pruned" in figure["layout"]["meta"]["caption"]
