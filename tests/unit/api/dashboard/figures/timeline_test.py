"""The figure of the timeline: states that can be distinguished without colour, links, words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from api.dashboard.figures.tables import csv_of
from api.dashboard.figures.themes import THEMES
from api.dashboard.figures.timeline import timeline_figure
from service.states import AttemptState, Phase
from service.storage.timelines import WorkSpan, WorkSpans

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
THEME = THEMES["light"]


def span(trial: int, state: AttemptState, worker: str = "w1") -> WorkSpan:
    begin = START + timedelta(seconds=10 * trial)
    ended = None if state is AttemptState.RUNNING else begin + timedelta(seconds=8)
    return WorkSpan(
        trial, "<b>tpe</b>", Phase.SEARCH, trial, 1, state, worker, START, begin, ended
    )


def test_states_have_hatchings_of_their_own_and_bars_lead_to_their_trials() -> None:
    spans = [span(n, state) for n, state in enumerate(AttemptState)]
    figure = timeline_figure(
        WorkSpans(spans, 9, []), START + timedelta(minutes=3), THEME, "jobs/1/trials/"
    )
    assert figure is not None
    bars = {trace["name"]: trace for trace in figure["data"] if trace["type"] == "bar"}
    assert set(bars) == {state.lower() for state in AttemptState}
    shapes = [t["marker"].get("pattern", {}).get("shape") for t in bars.values()]
    assert sorted(map(str, shapes)) == [".", "/", "None", "None", "x"]
    assert (
        bars["failed"]["customdata"][0][0]
        == spans[list(AttemptState).index(AttemptState.FAILED)].trial_id
    )
    assert bars["failed"]["meta"]["link"] == "jobs/1/trials/"
    text = json.dumps(figure, allow_nan=False)
    assert "<b>tpe" not in text
    assert "newest 5 of 9" in text
    assert csv_of(figure).splitlines()[0].startswith('series,"duration, min"')


def test_a_job_without_attempts_has_no_figure() -> None:
    assert timeline_figure(WorkSpans([], 0, [START]), START, THEME, "") is None
