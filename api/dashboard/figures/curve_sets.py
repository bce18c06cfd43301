"""The figure of many trainings: all thin, the chosen ones thick, by epoch or by time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from api.dashboard.figures.series import Series, by_study, series_of
from api.dashboard.figures.staircases import few
from api.dashboard.figures.themes import DASHES, Figure, Theme, axis, layout, value_axis, whole
from api.dashboard.figures.traces import colour_of, dash_of, faint
from api.dashboard.figures.views import spans_decades, time_unit
from densearch.plurals import noun
from service.records import Study
from service.states import Role
from service.storage.training_curves import MeasuredEpoch, SomeCurves, TrainingCurve

CurveAxis = Literal["epoch", "time"]
# Points of a thin line.
MAX_POINTS = 60
THIN_OPACITY = 0.4
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CurveSet:
    """What the figure is drawn from.

    Attributes:
        some: The thin lines, all of the same phase.
        chosen: The thick ones.
        epochs: What was measured after the epochs of any of them, by trial.
        n_best: How many of the thin ones were taken as the best, at most.
    """

    studies: Sequence[Study]
    some: SomeCurves
    chosen: Sequence[TrainingCurve]
    epochs: Mapping[int, Sequence[MeasuredEpoch]]
    n_best: int


def curves_figure(curves: CurveSet, against: CurveAxis, theme: Theme, path: str) -> Figure | None:
    """Show the losses of trainings; None without any.

    Args:
        curves: Thin and thick ones.
        against: Epochs, or the time since a training's start.
        theme: Colours.
        path: Where the page of a trial is, but for its id.
    """
    unit_s, unit = _unit(curves, against)
    traces = [
        *_thin(curves, against, unit_s, theme, path),
        *_thick(curves, against, unit_s, theme, path),
    ]
    if not traces:
        return None
    values = [value for trace in traces for value in trace["y"] if value is not None]
    longest = max(x for trace in traces for x in trace["x"] if x is not None)
    return {
        "data": traces,
        "layout": layout(
            theme,
            f"curves-{against}",
            meta={"caption": _caption(curves, against)},
            hovermode="closest",
            xaxis=axis(
                theme,
                "Epoch" if against == "epoch" else f"Time in training, {unit}",
                showgrid=False,
                rangemode="tozero",
                **(whole(longest) if against == "epoch" else {}),
            ),
            yaxis=value_axis(theme, "Loss", is_log=spans_decades(values)),
        ),
    }


def _unit(curves: CurveSet, against: CurveAxis) -> tuple[float, str]:
    times = [epoch.elapsed_s for own in curves.epochs.values() for epoch in own]
    return time_unit(max(times, default=0.0)) if against == "time" else (1.0, "")


def validation_points(
    curve: TrainingCurve,
    epochs: Sequence[MeasuredEpoch],
    against: CurveAxis,
    unit_s: float,
) -> list[Point]:
    """Return a training's validation losses; against time those that it was seen to reach."""
    if against == "epoch":
        points = [(float(n), loss) for n, loss in enumerate(curve.losses, start=1)]
    else:
        points = [(e.elapsed_s / unit_s, e.val_loss) for e in epochs if e.val_loss is not None]
    return [(x, y) for x, y in points if math.isfinite(y)]


def _thin(
    curves: CurveSet, against: CurveAxis, unit_s: float, theme: Theme, path: str
) -> list[Figure]:
    """Return one trace for each series: its lines one after another, with gaps between them."""
    owners = by_study(curves.studies)
    chosen = {curve.trial_id for curve in curves.chosen}
    traces = []
    for series in series_of(curves.studies):
        own = [
            curve
            for curve in curves.some.curves
            if owners.get(curve.study_id) == series and curve.trial_id not in chosen
        ]
        lines = [
            (curve, few(_points(curves, curve, against, unit_s), MAX_POINTS)) for curve in own
        ]
        lines = [(curve, points) for curve, points in lines if points]
        if lines:
            traces.append(_thin_trace(series, lines, theme, path))
    return traces


def _points(
    curves: CurveSet, curve: TrainingCurve, against: CurveAxis, unit_s: float
) -> list[Point]:
    return validation_points(curve, curves.epochs.get(curve.trial_id, ()), against, unit_s)


def _thin_trace(
    series: Series,
    lines: Sequence[tuple[TrainingCurve, Sequence[Point]]],
    theme: Theme,
    path: str,
) -> Figure:
    name = escape(series.name)
    colour = faint(colour_of(series, theme), THIN_OPACITY)
    # Controls have one colour: they differ by their dashes.
    dash = dash_of(series) if series.role is not Role.SEARCH else DASHES[0]
    x: list[float | None] = []
    y: list[float | None] = []
    whose: list[tuple[int, str] | None] = []
    for curve, points in lines:
        x += [*(at for at, _ in points), None]
        y += [*(loss for _, loss in points), None]
        whose += [*([_whose(curve)] * len(points)), None]
    return {
        "type": "scatter",
        # A training of one epoch is a point.
        "mode": "lines+markers" if any(len(own) == 1 for _, own in lines) else "lines",
        "name": name,
        "legendgroup": f"series-{series.place}",
        "meta": {"label": escape(series.label), "columns": ["id", "trial"], "link": path},
        "x": x,
        "y": y,
        "customdata": whose,
        "line": {"color": colour, "width": 1, "dash": dash},
        "marker": {"size": 3, "color": colour},
        "hovertemplate": f"<b>{name}</b>, trial %{{customdata[1]}}<br>validation %{{y:.5~g}}"
        "<extra></extra>",
    }


def _whose(curve: TrainingCurve) -> tuple[int, str]:
    """Return the id of a training, and its number as the table of trials shows it."""
    return curve.trial_id, "run ahead" if curve.number is None else str(curve.number)


def _thick(
    curves: CurveSet, against: CurveAxis, unit_s: float, theme: Theme, path: str
) -> list[Figure]:
    names = {study.id: study.name for study in curves.studies}
    traces = []
    for place, curve in enumerate(curves.chosen):
        title = f"{names.get(curve.study_id, '')} {_whose(curve)[1]}"
        epochs = curves.epochs.get(curve.trial_id, ())
        lines = {
            "validation": validation_points(curve, epochs, against, unit_s),
            "training": [
                (e.epoch if against == "epoch" else e.elapsed_s / unit_s, e.train_loss)
                for e in epochs
                if e.train_loss is not None and math.isfinite(e.train_loss)
            ],
        }
        for what, points in lines.items():
            if points:
                traces.append(_thick_trace(title, what, points, curve, place, theme, path))
    return traces


def _thick_trace(
    title: str,
    what: str,
    points: Sequence[Point],
    curve: TrainingCurve,
    place: int,
    theme: Theme,
    path: str,
) -> Figure:
    name = escape(f"{title}, {what}")
    look: dict[str, Any] = {"color": theme.ink if place == 0 else theme.series[place - 1]}
    look |= {"width": 3, "dash": DASHES[0] if what == "validation" else DASHES[2]}
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(points) == 1 else "lines",
        "name": name,
        "legendgroup": f"trial-{curve.trial_id}-{what}",
        "meta": {"label": name, "columns": ["id", "trial"], "link": path},
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "customdata": [_whose(curve)] * len(points),
        "line": look,
        "hovertemplate": f"{name}<br>%{{y:.5~g}}<extra></extra>",
    }


def _caption(curves: CurveSet, against: CurveAxis) -> str:
    n_shown, n = len(curves.some.curves), curves.some.n_trainings
    parts = ["Thin: validation losses. Thick: the chosen trainings, dotted on the training split."]
    if n_shown < n:
        parts.append(
            f"{n_shown} of {n} trainings are shown: the best {curves.n_best} and a fixed sample "
            "of the others, drawn by what they train and not by when they ended."
        )
    if against == "time":
        known = sum(1 for curve in curves.some.curves if curves.epochs.get(curve.trial_id))
        n_less = n_shown - known
        if n_less:
            parts.append(
                f"{n_less} took the result of an earlier training, and "
                f"{noun(n_less, 'has', 'have')} no times."
            )
    return " ".join(parts)
