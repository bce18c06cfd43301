"""The figure of a training: its losses after each epoch."""

from __future__ import annotations

from collections.abc import Sequence

from api.dashboard.figures.themes import Figure, Theme, axis, layout, value_axis, whole
from service.records import Measurement

LOSSES = (("train_loss", "training"), ("val_loss", "validation"))


def figure_of(
    measured: Sequence[Measurement], curve: Sequence[float] | None, theme: Theme
) -> Figure | None:
    """Show the losses of a training; None where nothing was measured.

    Args:
        measured: After its epochs; empty where it took the result of another trial.
        curve: Validation loss after each epoch, of its result.
        theme: Colours.
    """
    lines = {
        title: [(m.epoch, m.metrics[name]) for m in measured if m.metrics.get(name) is not None]
        for name, title in LOSSES
    }
    if not lines["validation"]:
        lines["validation"] = list(enumerate(curve or (), start=1))
    traces = [
        _trace(title, points, theme.series[place], is_dashed=title == "training")
        for place, (title, points) in enumerate(lines.items())
        if points
    ]
    if not traces:
        return None
    values = [value for trace in traces for value in trace["y"]]
    longest = max(epoch for trace in traces for epoch in trace["x"])
    is_log = min(values) > 0 and max(values) >= 10 * min(values)
    return {
        "data": traces,
        "layout": layout(
            theme,
            "curve",
            showlegend=True,
            legend={"orientation": "h", "y": 1.1},
            hovermode="x",
            xaxis=axis(theme, "Epoch", showgrid=False, rangemode="tozero", **whole(longest)),
            yaxis=value_axis(theme, "Loss", is_log=is_log),
        ),
    }


def _trace(
    title: str, points: Sequence[tuple[int, float]], colour: str, *, is_dashed: bool
) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": title,
        "x": [epoch for epoch, _ in points],
        "y": [value for _, value in points],
        "line": {"color": colour, "width": 2, "dash": "dash" if is_dashed else "solid"},
        "marker": {"color": colour, "size": 5},
        "hovertemplate": f"{title} %{{y:.5~g}}<extra></extra>",
    }
