"""Colours and frames of the figures, light and dark.

The series colours are Okabe and Ito's, which the colour-blind distinguish ("Color Universal
Design", 2008), shifted in lightness until each has a contrast of 3 with its page (WCAG 1.4.11).
static/style.css repeats them for the legend; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

ThemeName = Literal["light", "dark"]
Figure = dict[str, Any]

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif'
DASHES = ("solid", "dash", "dot", "dashdot")
OUT_OF_VIEW = "The highest values are out of view: a double click shows all."
# With more on an axis of counts its ticks are whole numbers anyway.
MOST_WHOLE = 12
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a page; `low`, `middle`, `high` are a density below, at and above 1.

    `ink` is readable on all of them (a contrast of 4.5 or more).
    """

    surface: str
    ink: str
    muted: str
    grid: str
    control: str
    series: tuple[str, ...]
    low: str
    middle: str
    high: str


THEMES: dict[ThemeName, Theme] = {
    "light": Theme(
        surface="#ffffff",
        ink="#1c2430",
        muted="#5a6675",
        grid="#e6e9ee",
        control="#77808d",
        series=("#0072b2", "#d55e00", "#00805f", "#b5478c", "#8a6d00", "#2f8fc4", "#6b4fbb"),
        low="#8fbce6",
        middle="#f7f7f5",
        high="#f3a873",
    ),
    "dark": Theme(
        surface="#171c23",
        ink="#e8ecf2",
        muted="#a3aebc",
        grid="#2b333e",
        control="#8d97a5",
        series=("#4aa8e0", "#f08a3c", "#2fbf96", "#e08cbd", "#d9bf3a", "#86c9f0", "#b09cf0"),
        low="#2a5f96",
        middle="#262d37",
        high="#94480f",
    ),
}


def channels(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of ``#rrggbb``, each from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def axis(theme: Theme, title: str, **more: Any) -> Figure:
    """Return a quiet axis with thin grid lines."""
    return {
        "title": {"text": title, "font": {"size": 12, "color": theme.muted}, "standoff": 8},
        "tickfont": {"size": 11, "color": theme.muted},
        "gridcolor": theme.grid,
        "linecolor": theme.grid,
        "zeroline": False,
        "automargin": True,
        **more,
    }


def value_axis(theme: Theme, title: str, *, is_log: bool, **more: Any) -> Figure:
    """Return an axis of values, upwards, whose ticks stay apart on a low figure.

    Plotly.js writes all of 1, 2 ... 9 on a short logarithmic axis otherwise.
    """
    own = {"type": "log", "nticks": 4} if is_log else {"type": "linear", "nticks": 6}
    return axis(theme, title, tickformat=".3~g", **own, **more)


def whole(longest: float) -> Figure:
    """Return what gives an axis of counts up to `longest` its ticks at whole numbers alone."""
    return {"dtick": 1} if longest <= MOST_WHOLE else {}


def layout(theme: Theme, revision: str, **more: Any) -> Figure:
    """Return a layout without a template; `revision` keeps a user's zoom while it is the same."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "color": theme.ink, "size": 12},
        "margin": {"l": 8, "r": 12, "t": 8, "b": 8},
        "hoverlabel": {
            "bgcolor": theme.surface,
            "bordercolor": theme.grid,
            "font": {"color": theme.ink, "family": FONT, "size": 12},
        },
        "uirevision": revision,
        "showlegend": False,
        **more,
    }
