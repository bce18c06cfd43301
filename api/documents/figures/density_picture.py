"""A density as a picture to be saved: SVG with alpha and beta, PNG of Phi alone."""

from __future__ import annotations

import io

from api.dashboard.figures.heatmaps import LEAST_SPREAD, MAX_NUMBERED, plane
from api.dashboard.figures.themes import THEMES
from api.documents.figures.heatmap import deviation_colour, heatmap
from service.records import DensityRecord

# Of a cell, and of the whole picture at most.
_CELL_PX, _SIDE_PX = 64, 1024


def svg_of(record: DensityRecord) -> str:
    """Return the density as SVG that stands alone."""
    return heatmap(record, title_of(record))


def title_of(record: DensityRecord) -> str:
    """Return what the picture is called."""
    layer = f", {record.layer}" if record.layer else ""
    study = record.provenance.get("study", "")
    return f"{record.family} density of {study}{layer}, kernel {record.kernel_size}"


def png_of(record: DensityRecord) -> bytes:
    """Return Phi as PNG, a square for each value, in the colours of the SVG.

    Of a volume the central slice is drawn. Values stand in their cells up to a kernel of 11.
    """
    from PIL import Image, ImageDraw  # only for this format

    rows = plane(record)
    size = max(2, min(_CELL_PX, _SIDE_PX // max(len(rows[0]), 1)))
    spread = max(LEAST_SPREAD, *(abs(value - 1.0) for row in rows for value in row))
    theme = THEMES["light"]
    image = Image.new("RGB", (size * len(rows[0]), size * len(rows)), "white")
    draw = ImageDraw.Draw(image)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            x, y = size * j, size * i
            fill = deviation_colour((value - 1.0) / spread)
            draw.rectangle((x + 1, y + 1, x + size - 2, y + size - 2), fill=fill)
            if len(row) <= MAX_NUMBERED:
                at = (x + size / 2, y + size / 2)
                draw.text(at, f"{value:.3g}", fill=theme.ink, anchor="mm", font_size=size // 4)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
