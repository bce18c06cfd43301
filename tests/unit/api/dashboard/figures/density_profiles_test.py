"""The figures of all densities of a job."""

from __future__ import annotations

import json

import numpy as np

from api.dashboard.figures.density_profiles import (
    MOST_LINES,
    NamedChain,
    NamedDensity,
    field_figure,
    profile_figure,
)
from api.dashboard.figures.themes import THEMES

THEME = THEMES["light"]
WIDE, NARROW = np.ones((3, 3)), np.pad(np.ones((1, 1)), 1, constant_values=0.1)


def test_a_profile_for_each_density_and_no_more_than_can_be_distinguished() -> None:
    figure = profile_figure([NamedDensity("a", "<b>a</b>", NARROW)], THEME)
    assert figure is not None
    [line] = figure["data"]
    np.testing.assert_allclose(line["y"], [1.0, 0.1, 0.1])
    assert "<b>" not in json.dumps(line, allow_nan=False).replace("<b>&lt;", "")
    many = profile_figure([NamedDensity("a", f"a{n}", WIDE) for n in range(40)], THEME)
    assert many is not None
    assert len(many["data"]) == MOST_LINES
    assert f"first {MOST_LINES} of 40" in many["layout"]["meta"]["caption"]
    assert profile_figure([], THEME) is None


def test_a_narrow_density_has_a_narrow_field_and_the_words_say_how_far() -> None:
    figure = field_figure([NamedChain("wide", [WIDE]), NamedChain("narrow", [NARROW])], 1, THEME)
    assert figure is not None
    wide, narrow = figure["data"]
    assert narrow["y"][0] > wide["y"][0]
    caption = figure["layout"]["meta"]["caption"]
    assert "90% lies within: wide 1.41 px, narrow 0 px" in caption
    assert "before training" in caption
    alone = field_figure([NamedChain("wide", [WIDE])], None, THEME)
    assert alone is not None
    assert "one convolution alone" in alone["layout"]["meta"]["caption"]
    assert field_figure([], 1, THEME) is None
