"""The figure of a density: Phi with its numbers, alpha to its left, beta above it."""

from __future__ import annotations

from typing import Any

from api.dashboard.themes import Figure, Theme, layout
from service.records import DensityRecord

# Beyond this kernel size numbers no longer fit their cells; hovering still tells them.
MAX_NUMBERED = 11
LEAST_SPREAD = 0.25
MAIN = (0.24, 1.0)
MARGINAL = (0.0, 0.2)
MAIN_Y = (0.0, 0.76)
MARGINAL_Y = (0.8, 1.0)


def plane(record: DensityRecord) -> list[list[float]]:
    """Return Phi as rows: itself in 2-D, one row in 1-D, the central slice in 3-D."""
    phi: list[Any] = record.phi
    if record.n_dims == 1:
        return [phi]
    if record.n_dims == 3:
        middle: list[list[float]] = phi[len(phi) // 2]
        return middle
    return phi


def density_figure(record: DensityRecord, theme: Theme) -> Figure:
    """Show one density; colours tell below 1 from above 1, the plain convolution."""
    rows = plane(record)
    offsets = list(range(-(record.kernel_size // 2), record.kernel_size // 2 + 1))
    row_offsets = offsets if len(rows) > 1 else [0]
    is_numbered = record.kernel_size <= MAX_NUMBERED
    beta = record.beta if record.beta is not None else record.alpha
    traces = [_cells(rows, offsets, row_offsets, theme, is_numbered=is_numbered)]
    traces.append(_bars("beta", offsets, beta, theme, is_numbered=is_numbered))
    if len(rows) > 1:
        traces.append(_bars("alpha", offsets, record.alpha, theme, is_numbered=is_numbered))
    return {"data": traces, "layout": _layout(theme, f"density-{record.study_id}", record)}


def _cells(
    rows: list[list[float]],
    columns: list[int],
    row_offsets: list[int],
    theme: Theme,
    *,
    is_numbered: bool,
) -> Figure:
    spread = max(LEAST_SPREAD, *(abs(value - 1.0) for row in rows for value in row))
    return {
        "type": "heatmap",
        "name": "Phi",
        "x": columns,
        "y": row_offsets,
        "z": rows,
        "zmin": 1.0 - spread,
        "zmax": 1.0 + spread,
        "colorscale": [[0.0, theme.low], [0.5, theme.middle], [1.0, theme.high]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        **({"texttemplate": "%{z:.3~g}", "textfont": {"size": 13}} if is_numbered else {}),
        "hovertemplate": "row %{y}, column %{x}<br>\u03a6 = %{z:.6~g}<extra></extra>",
    }


def _bars(
    name: str, offsets: list[int], values: list[float], theme: Theme, *, is_numbered: bool
) -> Figure:
    is_alpha = name == "alpha"
    along, height = ("y", "x") if is_alpha else ("x", "y")
    letter = "\u03b1" if is_alpha else "\u03b2"
    numbers = {
        "texttemplate": f"%{{{height}:.3~g}}",
        "textposition": "auto",
        "textfont": {"size": 11},
    }
    return {
        "type": "bar",
        "name": name,
        along: offsets,
        height: values,
        "orientation": "h" if is_alpha else "v",
        "xaxis": "x2" if is_alpha else "x",
        "yaxis": "y" if is_alpha else "y2",
        "marker": {"color": theme.control, "opacity": 0.55},
        "width": 0.72,
        "cliponaxis": False,
        **(numbers if is_numbered else {}),
        "hovertemplate": f"{letter}(%{{{along}}}) = %{{{height}:.6~g}}<extra></extra>",
    }


def _layout(theme: Theme, revision: str, record: DensityRecord) -> Figure:
    ticks = {
        "tickfont": {"size": 11, "color": theme.muted},
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "dtick": 1 if record.kernel_size <= MAX_NUMBERED else 5,
    }
    hidden = {"visible": False, "fixedrange": True, "rangemode": "tozero"}
    return layout(
        theme,
        revision,
        margin={"l": 8, "r": 8, "t": 20, "b": 24},
        bargap=0.2,
        xaxis={**ticks, "domain": list(MAIN), "anchor": "y"},
        yaxis={
            **ticks,
            "domain": list(MAIN_Y),
            "anchor": "x",
            "autorange": "reversed",
            "side": "right",
        },
        xaxis2={**hidden, "domain": list(MARGINAL), "anchor": "y", "autorange": "reversed"},
        yaxis2={**hidden, "domain": list(MARGINAL_Y), "anchor": "x"},
        annotations=[
            _letter("\u03b1", 0.1, 0.8, theme),
            _letter("\u03b2", 0.2, 0.9, theme),
        ],
    )


def _letter(text: str, x: float, y: float, theme: Theme) -> Figure:
    return {
        "text": f"<i>{text}</i>",
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "showarrow": False,
        "font": {"size": 15, "color": theme.muted},
    }
