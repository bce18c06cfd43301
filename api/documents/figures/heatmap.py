"""A density as SVG: Phi with its numbers, alpha to its left, beta above it."""

from __future__ import annotations

from collections.abc import Sequence

from api.dashboard.figures.heatmaps import LEAST_SPREAD, MAX_NUMBERED, plane
from api.dashboard.figures.themes import THEMES, channels
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
    parts = [*_cells(rows, size), *_profile(beta, size, is_alpha=False)]
    if len(rows) > 1:
        parts += _profile(record.alpha, size, is_alpha=True)
    width, height = _MARGIN + _SIDE + 2, _MARGIN + size * len(rows) + 2
    return svg.whole(width, height, title, parts, _THEME.ink)


def _cells(rows: Sequence[Sequence[float]], size: float) -> list[str]:
    spread = max(LEAST_SPREAD, *(abs(value - 1.0) for row in rows for value in row))
    parts = []
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            x, y = _MARGIN + size * j, _MARGIN + size * i
            fill = deviation_colour((value - 1.0) / spread)
            parts.append(svg.box(x + 1, y + 1, size - 2, size - 2, fill=fill))
            if len(row) <= MAX_NUMBERED:
                words = f"{value:.3g}" if len(row) <= 5 else f"{value:.2f}"
                font = min(13.0, 0.3 * size)
                middle = (x + size / 2, y + size / 2 + 0.35 * font)
                parts.append(svg.text(*middle, words, size=font, text_anchor="middle"))
    return parts


def _profile(values: Sequence[float], size: float, *, is_alpha: bool) -> list[str]:
    """Draw beta as bars above the cells, or alpha as bars to their left."""
    scale = (_MARGIN - 3 * _GAP) / max(*map(abs, values), 1e-9)
    base, ink = _MARGIN - _GAP, _THEME.muted
    letter = "\N{GREEK SMALL LETTER ALPHA}" if is_alpha else "\N{GREEK SMALL LETTER BETA}"
    at = (base - 36, _MARGIN - 12) if is_alpha else (_MARGIN - 22, base - 12)
    parts = [svg.text(*at, letter, size=15, fill=ink)]
    for place, value in enumerate(values):
        length, along = abs(value) * scale, _MARGIN + size * (place + 0.15)
        fill, side = _bar(value), 0.7 * size
        if is_alpha:
            parts.append(svg.box(base - length, along, length, side, fill=fill))
        else:
            parts.append(svg.box(along, base - length, side, length, fill=fill))
    return parts


def _bar(value: float) -> str:
    """Return the colour of a profile's bar: one below 0 has the colour of low values."""
    return _THEME.control if value >= 0.0 else _THEME.low


def deviation_colour(part: float) -> str:
    """Return the colour of a deviation from 1 in [-1, 1]."""
    end = _THEME.high if part > 0.0 else _THEME.low
    mixed = (
        round(middle + abs(part) * (far - middle))
        for middle, far in zip(channels(_THEME.middle), channels(end), strict=True)
    )
    return "#" + "".join(f"{min(max(channel, 0), 255):02x}" for channel in mixed)
