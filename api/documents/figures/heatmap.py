"""A density as SVG: Phi with its numbers, alpha to its left, beta above it."""

from __future__ import annotations

from collections.abc import Sequence

from api.dashboard.figures.heatmaps import LEAST_SPREAD, MAX_NUMBERED, plane
from api.dashboard.figures.themes import THEMES
from api.documents.figures import svg
from service.records import DensityRecord

_THEME = THEMES["light"]
_SIDE, _MARGIN, _GAP = 320.0, 78.0, 8.0


def heatmap(record: DensityRecord, title: str) -> str:
    """Draw one density; the colours are centred on 1, the plain convolution.

    Args:
        record: The density; of a volume the central slice is drawn.
        title: Of the picture, for those who do not see it.
    """
    rows = plane(record)
    size = _SIDE / max(len(rows[0]), 1)
    beta = record.beta if record.beta is not None else record.alpha
    parts = [*_cells(rows, size), *_above(beta, size)]
    if len(rows) > 1:
        parts += _left(record.alpha, size)
    width, height = _MARGIN + _SIDE + 2, _MARGIN + size * len(rows) + 2
    return svg.whole(width, height, title, parts, _THEME.ink)


def _cells(rows: Sequence[Sequence[float]], size: float) -> list[str]:
    spread = max(LEAST_SPREAD, *(abs(value - 1.0) for row in rows for value in row))
    parts = []
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            x, y = _MARGIN + size * j, _MARGIN + size * i
            fill = _colour((value - 1.0) / spread)
            parts.append(svg.box(x + 1, y + 1, size - 2, size - 2, fill=fill))
            if len(row) <= MAX_NUMBERED:
                words = f"{value:.3g}" if len(row) <= 5 else f"{value:.2f}"
                font = min(13.0, 0.3 * size)
                middle = (x + size / 2, y + size / 2 + 0.35 * font)
                parts.append(svg.text(*middle, words, size=font, text_anchor="middle"))
    return parts


def _above(values: Sequence[float], size: float) -> list[str]:
    scale = (_MARGIN - 3 * _GAP) / max(*map(abs, values), 1e-9)
    base = _MARGIN - _GAP
    parts = [
        svg.text(
            _MARGIN - 22, base - 12, "\N{GREEK SMALL LETTER BETA}", size=15, fill=_THEME.muted
        )
    ]
    for j, value in enumerate(values):
        height = abs(value) * scale
        x = _MARGIN + size * (j + 0.15)
        parts.append(svg.box(x, base - height, 0.7 * size, height, fill=_bar(value)))
    return parts


def _left(values: Sequence[float], size: float) -> list[str]:
    scale = (_MARGIN - 3 * _GAP) / max(*map(abs, values), 1e-9)
    base = _MARGIN - _GAP
    parts = [
        svg.text(
            base - 36, _MARGIN - 12, "\N{GREEK SMALL LETTER ALPHA}", size=15, fill=_THEME.muted
        )
    ]
    for i, value in enumerate(values):
        width = abs(value) * scale
        y = _MARGIN + size * (i + 0.15)
        parts.append(svg.box(base - width, y, width, 0.7 * size, fill=_bar(value)))
    return parts


def _bar(value: float) -> str:
    """Return the colour of a profile's bar: one below 0 has the colour of low values."""
    return _THEME.control if value >= 0.0 else _THEME.low


def _colour(part: float) -> str:
    """Return the colour of a deviation from 1 in [-1, 1]."""
    end = _THEME.high if part > 0.0 else _THEME.low
    mixed = (
        round(middle + abs(part) * (far - middle))
        for middle, far in zip(_channels(_THEME.middle), _channels(end), strict=True)
    )
    return "#" + "".join(f"{min(max(channel, 0), 255):02x}" for channel in mixed)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
