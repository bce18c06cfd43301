"""A figure as a table: the values that it draws, as CSV.

Each row is a point: the name of its line, its coordinates, titled as the axes are, and what the
figure says on hovering. Traces whose `meta` has `is_hidden`, such as the edges of bands, are no
rows of their own: the line they belong to has their values as columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import Any

from api.dashboard.figures.themes import Figure

# A cell that begins so is a formula to a spreadsheet (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
SERIES = "series"
_COORDINATES = ("x", "y", "z")

Row = dict[str, Any]


def csv_of(figure: Figure | None) -> str:
    """Return a figure's points as CSV, numbers in full precision; the header alone of none.

    Args:
        figure: Data and layout, as Plotly.js gets them.
    """
    rows = [] if figure is None else [row for own in figure["data"] for row in _rows(own, figure)]
    names = list(dict.fromkeys([SERIES, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_cell(name) for name in names])
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return text.getvalue()


def _rows(trace: Figure, figure: Figure) -> Iterator[Row]:
    meta = trace.get("meta") or {}
    if meta.get("is_hidden"):
        return
    name = unescape(trace.get("name", ""))
    layout = figure["layout"]
    x, y = (_title(trace, layout, axis) for axis in ("x", "y"))
    if trace["type"] == "heatmap":
        for row, values in zip(trace["y"], trace["z"], strict=True):
            for column, value in zip(trace["x"], values, strict=True):
                yield {
                    SERIES: name,
                    x: column,
                    y: row,
                    str(trace.get("name", "z")): value,
                }
        return
    base = trace.get("base")
    for place in range(len(trace["x"])):
        row = {SERIES: name, x: trace["x"][place], y: trace["y"][place]}
        if isinstance(base, Sequence):
            row[meta.get("base", "start")] = base[place]
        yield row | _extra(trace, meta, place)


def _extra(trace: Figure, meta: Mapping[str, Any], place: int) -> Row:
    columns = meta.get("columns") or ()
    if not columns or "customdata" not in trace:
        return {}
    found = trace["customdata"][place]
    values = found if isinstance(found, list | tuple) else [found]
    return dict(zip(columns, values, strict=False))


def _title(trace: Figure, layout: Figure, letter: str) -> str:
    """Return the title of the axis that a trace is drawn on; the axis's name without one."""
    key = str(trace.get(f"{letter}axis", letter)).replace(letter, f"{letter}axis", 1)
    title = layout.get(key, {}).get("title")
    text = title.get("text") if isinstance(title, Mapping) else title
    meta = trace.get("meta") or {}
    return str(meta.get(letter) or text or letter)


def _cell(value: object) -> str:
    """Return a value as a cell: a number exactly, a text that is no formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    text = str(value)
    own = f"'{text}" if text.startswith(FORMULA) else text
    return own.replace("\r", " ")  # Python writes it without quotes, and refuses to read it
