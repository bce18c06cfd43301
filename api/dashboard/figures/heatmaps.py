"""The figure of a density: Phi with its numbers, alpha to its left, beta above it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from api.dashboard.figures.themes import Figure, Theme, layout
from service.records import DensityRecord

# Larger kernels show their numbers on hovering: they would not fit into the cells.
MAX_NUMBERED = 11
LEAST_SPREAD = 0.25
ROOM = 1.75
MAIN = (0.22, 1.0)
MARGINAL = (0.0, 0.2)
MAIN_Y = (0.0, 0.78)
MARGINAL_Y = (0.8, 1.0)


def plane(record: DensityRecord) -> list[list[float]]:
    """Return Phi as rows: itself in 2-D, one row in 1-D, the central slice in 3-D."""
    return rows_of(record.phi)


def rows_of(phi: list[Any]) -> list[list[float]]:
    """Return nested lists of shape (K,) * n_dims as rows, see `plane`."""
    if not isinstance(phi[0], list):
        return [phi]
    if isinstance(phi[0][0], list):
        middle: list[list[float]] = phi[len(phi) // 2]
        return middle
    return phi


def spread_of(densities: Iterable[list[list[float]]]) -> float:
    """Return how far densities, each as rows, lie from 1 at most; 0 without any."""
    values = (value for rows in densities for row in rows for value in row)
    return max((abs(value - 1.0) for value in values), default=0.0)


def density_figure(record: DensityRecord, theme: Theme) -> Figure:
    """Return one density's figure; the colour scale is centred on 1, the plain convolution."""
    rows = plane(record)
    offsets = list(range(-(record.kernel_size // 2), record.kernel_size // 2 + 1))
    row_offsets = offsets if len(rows) > 1 else [0]
    is_numbered = record.kernel_size <= MAX_NUMBERED
    beta = record.beta if record.beta is not None else record.alpha
    traces = [_cells(rows, offsets, row_offsets, theme, is_numbered=is_numbered)]
    traces.append(_bars("beta", offsets, beta, theme, is_numbered=is_numbered))
    if len(rows) > 1:
        traces.append(_bars("alpha", offsets, record.alpha, theme, is_numbered=is_numbered))
    return {"data": traces, "layout": _layout(theme, f"density-{record.id}", record)}


def _cells(
    rows: list[list[float]],
    columns: list[int],
    row_offsets: list[int],
    theme: Theme,
    *,
    is_numbered: bool,
) -> Figure:
    spread = max(LEAST_SPREAD, spread_of([rows]))
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
        **(_numbers("z", theme, *_fit(len(columns))) if is_numbered else {}),
        "hovertemplate": "row %{y}, column %{x}<br>\u03a6 = %{z:.6~g}<extra></extra>",
    }


def _bars(
    name: str, offsets: list[int], values: list[float], theme: Theme, *, is_numbered: bool
) -> Figure:
    is_alpha = name == "alpha"
    along, height = ("y", "x") if is_alpha else ("x", "y")
    letter = "\u03b1" if is_alpha else "\u03b2"
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
        "textposition": "outside",
        "textangle": 0,
        **(_numbers(height, theme, 11, _fit(len(offsets))[1]) if is_numbered else {}),
        "hovertemplate": f"{letter}(%{{{along}}}) = %{{{height}:.6~g}}<extra></extra>",
    }


def _fit(kernel_size: int) -> tuple[int, int]:
    """Return the size, px, and decimals of the numbers that fit a cell on a narrow screen."""
    return (12, 3) if kernel_size <= 5 else (11, 2)


def _numbers(variable: str, theme: Theme, size_px: int, decimals: int) -> Figure:
    font = {"size": size_px, "color": theme.ink}
    return {"texttemplate": f"%{{{variable}:.{decimals}~f}}", "textfont": font}


def _reach(values: list[float]) -> list[float]:
    """Return a range that leaves room for the number at the end of every bar."""
    return [min(0.0, ROOM * min(values)), max(0.0, ROOM * max(values)) or 1.0]


def _layout(theme: Theme, revision: str, record: DensityRecord) -> Figure:
    ticks = {
        "tickfont": {"size": 11, "color": theme.muted},
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "dtick": 1 if record.kernel_size <= MAX_NUMBERED else 5,
    }
    hidden = {"visible": False, "fixedrange": True}
    beta = record.beta if record.beta is not None else record.alpha
    return layout(
        theme,
        revision,
        margin={"l": 8, "r": 28, "t": 8, "b": 28},
        bargap=0.2,
        xaxis={**ticks, "domain": list(MAIN), "anchor": "y"},
        yaxis={
            **ticks,
            "domain": list(MAIN_Y),
            "anchor": "x",
            "autorange": "reversed",
            "side": "right",
        },
        xaxis2={
            **hidden,
            "domain": list(MARGINAL),
            "anchor": "y",
            # Bars grow away from the heat-map.
            "range": _reach(record.alpha)[::-1],
        },
        yaxis2={**hidden, "domain": list(MARGINAL_Y), "anchor": "x", "range": _reach(beta)},
        annotations=[
            _letter("\u03b1", 0.11, 0.82, theme),
            _letter("\u03b2", 0.19, 0.9, theme),
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
