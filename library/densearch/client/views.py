"""Jobs, trials and densities as a notebook shows them: dictionaries with a picture.

Everything of an answer is escaped: a name is a text, never markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

# Of a picture, and of a cell of it.
SIDE_PX, LEAST_SPREAD = 180, 0.25
_LOW, _MIDDLE, _HIGH = (33, 102, 172), (247, 247, 247), (178, 24, 43)
_JOB = ("id", "name", "state", "created_at", "finished_at")
_TRIAL = ("id", "study", "phase", "number", "state", "value", "training_s")
_DENSITY = ("id", "study", "layer", "family", "kernel_size", "den")


class JobView(dict[str, Any]):
    """A job's answer; a notebook shows its state and its best."""

    def _repr_html_(self) -> str:
        best = self.get("best") or {}
        rows = {name: self.get(name) for name in _JOB}
        rows |= {"best value": best.get("value"), "best study": best.get("study")}
        return table_of(rows)


class TrialView(dict[str, Any]):
    """A trial's answer; a notebook shows its values and its params."""

    def _repr_html_(self) -> str:
        params = {f"params.{name}": value for name, value in (self.get("params") or {}).items()}
        metrics = {f"metrics.{name}": v for name, v in (self.get("metrics") or {}).items()}
        return table_of({**{name: self.get(name) for name in _TRIAL}, **params, **metrics})


class DensityView(dict[str, Any]):
    """A density's answer; a notebook shows Phi as a heat-map."""

    def _repr_html_(self) -> str:
        rows = table_of({name: self.get(name) for name in _DENSITY})
        return f'<div style="display:flex;gap:1em">{heat_map(self["phi"])}{rows}</div>'


def table_of(rows: Mapping[str, object]) -> str:
    """Return names and values as an HTML table; those without a value are left out."""
    lines = (
        f'<tr><th style="text-align:left">{escape(name)}</th><td>{escape(_shown(value))}</td></tr>'
        for name, value in rows.items()
        if value is not None
    )
    return f"<table>{''.join(lines)}</table>"


def heat_map(phi: Sequence[Any]) -> str:
    """Return Phi as an inline SVG; of a volume its central slice, coloured by the distance from 1.

    Args:
        phi: Nested lists of 1 to 3 axes.
    """
    rows = _plane(phi)
    spread = max(LEAST_SPREAD, *(abs(float(value) - 1.0) for row in rows for value in row))
    size = SIDE_PX / max(len(rows[0]), 1)
    cells = "".join(
        f'<rect x="{size * j:.2f}" y="{size * i:.2f}" width="{size:.2f}" height="{size:.2f}" '
        f'fill="{_colour((float(value) - 1.0) / spread)}"><title>{float(value):.6g}</title></rect>'
        for i, row in enumerate(rows)
        for j, value in enumerate(row)
    )
    height = size * len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE_PX}" height="{height:.0f}" '
        f'viewBox="0 0 {SIDE_PX} {height:.2f}" role="img"><title>Phi</title>{cells}</svg>'
    )


def _plane(phi: Sequence[Any]) -> Sequence[Sequence[float]]:
    if not isinstance(phi[0], list | tuple):
        return [phi]
    if isinstance(phi[0][0], list | tuple):
        middle: Sequence[Sequence[float]] = phi[len(phi) // 2]
        return middle
    return phi


def _colour(part: float) -> str:
    """Return the colour of a deviation from 1 in [-1, 1]."""
    end = _HIGH if part > 0 else _LOW
    pairs = zip(_MIDDLE, end, strict=True)
    return "#" + "".join(f"{round(a + min(abs(part), 1.0) * (b - a)):02x}" for a, b in pairs)


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
