"""Colours, judged by WCAG's contrast and a published simulation of colour blindness."""

from __future__ import annotations

import re
from importlib.resources import files
from itertools import combinations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from api.dashboard.figures.themes import DASHES, SYMBOLS, THEMES, Theme

# Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency" (2009), severity 1.0, on linear RGB.
BLINDNESS = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def linear(colour: str) -> np.ndarray:
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    light, dark = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b))[::-1]
    return (light + 0.05) / (dark + 0.05)


def seen(colour: str, kind: str) -> np.ndarray:
    rgb = np.clip(np.array(BLINDNESS[kind]) @ linear(colour), 0, 1)
    srgb = np.where(rgb <= 0.0031308, rgb * 12.92, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return np.asarray(rgb2lab(srgb))


@pytest.fixture(params=THEMES)
def theme(request: pytest.FixtureRequest) -> Theme:
    return THEMES[request.param]


def test_text_is_readable_on_every_colour_it_stands_on(theme: Theme) -> None:
    for ground in (theme.surface, theme.low, theme.middle, theme.high):
        assert contrast(theme.ink, ground) >= 4.5
    assert contrast(theme.muted, theme.surface) >= 4.5


def test_lines_stand_out_from_the_page(theme: Theme) -> None:
    for colour in (*theme.series, theme.control):
        assert contrast(colour, theme.surface) >= 3.0


@pytest.mark.parametrize("kind", BLINDNESS)
def test_the_first_studies_differ_for_the_colour_blind(theme: Theme, kind: str) -> None:
    for a, b in combinations(theme.series[:3], 2):
        assert float(deltaE_ciede2000(seen(a, kind), seen(b, kind))) > 10.0


def test_studies_of_alike_colour_differ_in_dash_or_symbol(theme: Theme) -> None:
    looks = [(DASHES[i % len(DASHES)], SYMBOLS[i % len(SYMBOLS)]) for i in range(7)]
    assert len(set(looks)) == len(theme.series) == len(set(theme.series))


@pytest.mark.parametrize("name", THEMES)
def test_the_style_sheet_draws_the_legend_in_the_same_colours(name: str) -> None:
    css = files("api.dashboard").joinpath("static", "style.css").read_text("utf-8")
    pairs = re.findall(
        r"--(series-\d|control|surface|ink|muted): light-dark\((#\w{6}), (#\w{6})\)", css
    )
    found = {variable: dark if name == "dark" else light for variable, light, dark in pairs}
    theme = THEMES[name]  # type: ignore[index]
    assert found == {f"series-{i}": colour for i, colour in enumerate(theme.series)} | {
        "control": theme.control,
        "surface": theme.surface,
        "ink": theme.ink,
        "muted": theme.muted,
    }
