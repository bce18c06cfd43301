"""A figure as an answer: JSON for Plotly.js, or the values that it draws as CSV."""

from __future__ import annotations

from typing import Literal

from fastapi import Response
from fastapi.responses import JSONResponse

from api.dashboard.figures.tables import csv_of
from api.dashboard.figures.themes import Figure
from api.dashboard.rendering import HEADERS

FigureFormat = Literal["json", "csv"]


def answered(figure: Figure | None, name: str, form: FigureFormat) -> Response:
    """Return a figure in a format.

    Args:
        figure: Data and layout; None while there is none: null, or a table without rows.
        name: Of the file that a table is saved as, without its ending.
        form: Which format.
    """
    if form == "json":
        return JSONResponse(figure, headers=HEADERS)
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(csv_of(figure), media_type="text/csv; charset=utf-8", headers=headers)
