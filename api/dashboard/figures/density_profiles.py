"""The figures of all best densities of a job: by radius, and as receptive fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from api.dashboard.figures.receptive_fields import (
    radial_profile,
    radius_of_share,
    receptive_field,
    within_radius,
)
from api.dashboard.figures.themes import DASHES, SYMBOLS, Figure, Theme, axis, layout

SHARE = 0.9
# Lines of a figure: more cannot be distinguished.
MOST_LINES = 14
PROFILE_WORDS = (
    "The mean of Φ over all taps at a distance from the centre; 1 is the plain convolution. What "
    "a density does in one direction alone is not seen here."
)
CHAIN_WORDS = (
    "Which part of the variance of an output's gradient comes from inputs within a distance, for "
    "the {n} convolutions of this network one after another, with random weights and linear "
    "units: the receptive field before training, not that of the trained network."
)
KERNEL_WORDS = (
    "Which part of the variance of an output's gradient comes from inputs within a distance, for "
    "one convolution alone, with random weights: this network changes its resolution or has parts "
    "that run next to each other, so that its convolutions are no chain. The receptive field of "
    "the whole network is not computed."
)

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NamedDensity:
    """A density with the name of its line; `arm` groups those of one study."""

    arm: str
    name: str
    phi: Array


@dataclass(frozen=True, slots=True)
class NamedChain:
    """The densities of the layers of a network, one after another, under an arm."""

    arm: str
    densities: Sequence[Array]


def profile_figure(densities: Sequence[NamedDensity], theme: Theme) -> Figure | None:
    """Show each density by the distance from its centre; None without any."""
    shown = densities[:MOST_LINES]
    lines = {own.name: radial_profile(own.phi) for own in shown}
    if not lines:
        return None
    words = PROFILE_WORDS + _left_out(len(shown), len(densities))
    return {
        "data": _traces(lines, theme, "Φ"),
        "layout": _layout("profile", words, "Mean Φ", theme),
    }


def field_figure(
    chains: Sequence[NamedChain], n_layers: int | None, theme: Theme
) -> Figure | None:
    """Show how far the receptive field of each arm reaches; None without any.

    Args:
        chains: Of each arm, its network's layers; of a network that is no chain one kernel each.
        n_layers: Of the chain; None where it is none.
        theme: Colours.
    """
    lines = {}
    reaches = []
    for own in chains[:MOST_LINES]:
        field = receptive_field(own.densities)
        if field is not None:
            lines[own.arm] = within_radius(field)
            reach = radius_of_share(*lines[own.arm], SHARE)
            reaches.append(f"{own.arm} {reach:.3g} px")
    if not lines:
        return None
    words = KERNEL_WORDS if n_layers is None else CHAIN_WORDS.format(n=n_layers)
    words += f" {SHARE:.0%} lies within: {', '.join(reaches)}."
    words += _left_out(min(len(chains), MOST_LINES), len(chains))
    return {
        "data": _traces(lines, theme, "share"),
        "layout": _layout("field", words, "Share within the distance", theme),
    }


def _left_out(n_shown: int, n: int) -> str:
    return f" The first {n_shown} of {n} are shown." if n_shown < n else ""


def _traces(
    lines: Mapping[str, tuple[list[float], list[float]]], theme: Theme, what: str
) -> list[Figure]:
    return [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": escape(name),
            "legendgroup": f"line-{place}",
            "meta": {"label": escape(name), "columns": []},
            "x": x,
            "y": y,
            "line": {
                "color": theme.series[place % len(theme.series)],
                "width": 2,
                "dash": DASHES[(place // len(theme.series)) % len(DASHES)],
            },
            "marker": {"size": 5 if len(x) < 60 else 1, "symbol": SYMBOLS[place % len(SYMBOLS)]},
            "hovertemplate": f"<b>{escape(name)}</b><br>{what} %{{y:.4~g}} at %{{x:.3~g}}"
            "<extra></extra>",
        }
        for place, (name, (x, y)) in enumerate(lines.items())
    ]


def _layout(revision: str, caption: str, title: str, theme: Theme) -> Figure:
    return layout(
        theme,
        revision,
        meta={"caption": caption},
        hovermode="closest",
        xaxis=axis(theme, "Distance from the centre, px", showgrid=False, rangemode="tozero"),
        yaxis=axis(theme, title, rangemode="tozero", tickformat=".3~g"),
    )
