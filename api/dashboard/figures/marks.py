"""The strip below a figure of convergence: trials that failed, were pruned, diverged or reused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

from api.dashboard.figures.series import Series
from api.dashboard.figures.themes import Figure, Theme
from api.dashboard.figures.traces import colour_of, group_of
from service.storage.trial_marks import MarkKind, TrialMark

SYMBOLS: Mapping[MarkKind, str] = {
    "failed": "x",
    "diverged": "triangle-up",
    "pruned": "line-ns-open",
    "reused": "circle-open",
}
# Height of a row of the strip, and the gap above it, as parts of the figure.
_ROW, _GAP = 0.055, 0.03


def strip_traces(
    series: Sequence[Series],
    marks: Sequence[TrialMark],
    place: Callable[[TrialMark], float],
    theme: Theme,
) -> list[Figure]:
    """Return a trace for each series and kind of mark.

    Args:
        series: Those in the figure.
        marks: Of the job.
        place: Where a mark lies on the x axis.
        theme: Colours.
    """
    traces = []
    for found in series:
        ids = {study.id for study in found.studies}
        for kind in SYMBOLS:
            own = [mark for mark in marks if mark.kind == kind and mark.study_id in ids]
            if own:
                traces.append(_trace(found, kind, own, [place(mark) for mark in own], theme))
    return traces


def _trace(
    found: Series, kind: MarkKind, own: Sequence[TrialMark], x: list[float], theme: Theme
) -> Figure:
    colour, name = colour_of(found, theme), escape(found.name)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        **group_of(found, "trial"),
        "x": x,
        "y": [kind] * len(own),
        "yaxis": "y2",
        "customdata": [mark.number for mark in own],
        "marker": {
            "color": colour,
            "symbol": SYMBOLS[kind],
            "size": 7,
            "line": {"color": colour, "width": 1.5},
        },
        "hovertemplate": f"<b>{name}</b><br>trial %{{customdata}}: {kind}<extra></extra>",
    }


def _kinds(marks: Sequence[TrialMark]) -> list[MarkKind]:
    found = {mark.kind for mark in marks}
    return [kind for kind in SYMBOLS if kind in found]


def strip_axis(theme: Theme, marks: Sequence[TrialMark]) -> Figure:
    """Return the axis of the strip; nothing where there is nothing to mark."""
    kinds = _kinds(marks)
    if not kinds:
        return {}
    return {
        "yaxis2": {
            "title": {"text": "kind", "font": {"size": 1, "color": "rgba(0,0,0,0)"}},
            "type": "category",
            "categoryorder": "array",
            "categoryarray": kinds[::-1],
            "range": [-0.6, len(kinds) - 0.4],
            "domain": [0.0, _ROW * len(SYMBOLS)],
            "tickfont": {"size": 11, "color": theme.muted},
            "gridcolor": theme.grid,
            "zeroline": False,
            "fixedrange": True,
            "automargin": True,
        }
    }


def main_domain(*, has_marks: bool) -> Figure:
    """Return where the axis above the strip lies."""
    return {"domain": [_ROW * len(SYMBOLS) + _GAP, 1.0]} if has_marks else {}


def marks_in_words(marks: Sequence[TrialMark]) -> list[str]:
    """Return sentences that say what the strip shows, and of how many."""
    kinds = _kinds(marks)
    if not kinds:
        return []
    counts = []
    for kind in kinds:
        own = [mark for mark in marks if mark.kind == kind]
        n = own[0].n_of_kind
        counts.append(f"{n} {kind}" if len(own) == n else f"{len(own)} of {n} {kind}")
    return [f"Trials marked below the lines: {', '.join(counts)}."]
