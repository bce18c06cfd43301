"""The figure of the timeline: a row for each worker, and above it how many trials wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

from api.dashboard.figures.gantt import (
    MAX_WORKERS,
    Gantt,
    GanttBar,
    gantt_of,
    waiting_steps,
    waits_of,
)
from api.dashboard.figures.themes import Figure, Theme, axis, layout
from api.dashboard.figures.views import time_unit
from service.states import AttemptState
from service.storage.timelines import WorkSpan, WorkSpans

MAX_STEPS = 1000
# The place of each state's colour among a theme's series, and its hatching.
LOOKS: Mapping[AttemptState, tuple[int, str]] = {
    AttemptState.COMPLETED: (2, ""),
    AttemptState.RUNNING: (0, ""),
    AttemptState.FAILED: (1, "/"),
    AttemptState.LOST: (3, "x"),
    AttemptState.CANCELLED: (4, "."),
}
_TOP = 0.16
ROW_PX, FRAME_PX = 26, 190


def timeline_figure(found: WorkSpans, now: datetime, theme: Theme, path: str) -> Figure | None:
    """Show attempts as bars by worker; None before the first.

    Args:
        found: Of a job.
        now: Of the figure.
        theme: Colours.
        path: Where the page of a trial is, but for its id.
    """
    if not found.spans:
        return None
    gantt = gantt_of(found.spans, now)
    end_s = max(bar.end_s for bar in gantt.bars)
    unit_s, unit = time_unit(end_s)
    waits = waits_of(found.spans)
    x, y = waiting_steps(waits, found.waiting_since, gantt.since, end_s, MAX_STEPS)
    return {
        "data": [
            *(_bar_trace(gantt, state, unit_s, unit, theme, path) for state in _states(gantt)),
            _waiting_trace([at / unit_s for at in x], y, theme),
        ],
        "layout": _layout(gantt, _caption(found, gantt), unit, max(y, default=0), theme),
    }


def _states(gantt: Gantt) -> list[AttemptState]:
    shown = {bar.state for bar in gantt.bars}
    return [state for state in LOOKS if state in shown]


def _bar_trace(
    gantt: Gantt, state: AttemptState, unit_s: float, unit: str, theme: Theme, path: str
) -> Figure:
    bars = [bar for bar in gantt.bars if bar.state is state]
    place, shape = LOOKS[state]
    return {
        "type": "bar",
        "orientation": "h",
        "name": state.lower(),
        "legendgroup": state.value,
        "meta": {
            "label": state.lower(),
            "columns": ["trial", "what", "attempts", "at work, s", "waited, s"],
            "x": f"duration, {unit}",
            "y": "worker",
            "base": f"start, {unit}",
            "link": path,
        },
        "y": [escape(bar.worker) for bar in bars],
        "base": [bar.start_s / unit_s for bar in bars],
        "x": [(bar.end_s - bar.start_s) / unit_s for bar in bars],
        "customdata": [_of_bar(bar) for bar in bars],
        "width": 0.72,
        "marker": {
            "color": theme.series[place],
            "line": {"width": 0.5, "color": theme.surface},
            **(
                {"pattern": {"shape": shape, "fgcolor": theme.surface, "size": 6}} if shape else {}
            ),
        },
        "hovertemplate": f"<b>%{{y}}</b>, {state.lower()}<br>%{{customdata[1]}}<br>"
        f"from %{{base:.4~g}} {unit}, %{{customdata[3]:.4~g}} s at work"
        "<br>waited %{customdata[4]:.4~g} s before<extra></extra>",
    }


def _of_bar(bar: GanttBar) -> list[Any]:
    first = bar.spans[0]
    waited = [(end - begin).total_seconds() for begin, end in waits_of([first])]
    return [first.trial_id, _what(bar.spans), len(bar.spans), bar.busy_s, sum(waited)]


def _what(spans: Sequence[WorkSpan]) -> str:
    if len(spans) > 1:
        counts = Counter(span.state.lower() for span in spans)
        parts = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
        return f"{len(spans)} attempts: {parts}"
    span = spans[0]
    number = "" if span.number is None else f" {span.number}"
    again = f", attempt {span.attempt}" if span.attempt > 1 else ""
    return f"{escape(span.study)}{number}, {span.phase}{again}"


def _waiting_trace(x: list[float], y: list[int], theme: Theme) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "trials that wait",
        "legendgroup": "waiting",
        "meta": {"label": "trials that wait", "columns": []},
        "x": x,
        "y": y,
        "yaxis": "y2",
        "line": {"color": theme.control, "width": 1.5, "shape": "hv"},
        "fill": "tozeroy",
        "hovertemplate": "%{y} wait<extra></extra>",
    }


def _layout(gantt: Gantt, caption: str, unit: str, most: int, theme: Theme) -> Figure:
    n_rows = len(gantt.workers)
    return layout(
        theme,
        "timeline",
        meta={"caption": caption, "height": FRAME_PX + ROW_PX * n_rows},
        barmode="overlay",
        hovermode="closest",
        xaxis=axis(theme, f"Time since the first attempt, {unit}", rangemode="tozero"),
        yaxis=axis(
            theme,
            "",
            type="category",
            categoryorder="array",
            categoryarray=[escape(name) for name in gantt.workers],
            range=[n_rows - 0.4, -0.6],
            domain=[0.0, 1.0 - _TOP],
            fixedrange=True,
            showgrid=False,
        ),
        yaxis2=axis(
            theme,
            "",  # the legend has it: there is no room for more than two numbers
            domain=[1.0 - _TOP + 0.04, 1.0],
            range=[0, max(most, 1)],
            tickvals=[0, most] if most else [0],
            fixedrange=True,
        ),
    )


def _caption(found: WorkSpans, gantt: Gantt) -> str:
    parts = ["Above: how many trials wait for a worker. A press on a bar opens its trial."]
    if len(found.spans) < found.n_attempts:
        parts.append(f"The newest {len(found.spans)} of {found.n_attempts} attempts.")
    if gantt.n_workers > len(gantt.workers):
        parts.append(f"The first {MAX_WORKERS} of {gantt.n_workers} workers.")
    n_shown = sum(len(bar.spans) for bar in gantt.bars)
    if len(gantt.bars) < n_shown:
        parts.append(
            f"{n_shown} attempts are drawn as {len(gantt.bars)} bars: those of a worker that "
            "follow closely are one, which is hatched where one of them failed or was lost."
        )
    return " ".join(parts)
