"""How the values of searches are distributed, and how samplers rank against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from api.dashboard.figures.ranks import MeanRanks
from api.dashboard.figures.series import Series, series_of
from api.dashboard.figures.staircases import few
from api.dashboard.figures.themes import Figure, Theme, axis, layout, whole
from api.dashboard.figures.traces import group_of, line_of
from api.dashboard.figures.views import spans_decades
from densearch.plurals import counted
from service.records import Study
from service.states import Role
from service.storage.trial_marks import SearchValues

# Points of a line: more than a screen has columns.
MAX_POINTS = 1000

EDF_WORDS = (
    "The share of a search's trials that ended with this value or a lower one; repeats of a "
    "sampler count together. Trials that failed, diverged or were pruned have no value: a line "
    "ends below 1 by their share."
)


def distribution_of(values: SearchValues) -> tuple[list[float], list[float]]:
    """Return the steps of an empirical distribution function, each of shape (n,).

    Args:
        values: In ascending order.

    Returns:
        The values at which it steps, and its height from there on, in (0, 1]. Of more than
        `MAX_POINTS` steps an evenly spaced choice, with the first and the last one.
    """
    own, n = values.values, values.n_ended
    last = [place for place, value in enumerate(own) if own[place + 1 : place + 2] != [value]]
    last = few(last, MAX_POINTS)
    return [own[place] for place in last], [(place + 1) / n for place in last]


def edf_figure(
    studies: Sequence[Study], found: Mapping[int, SearchValues], theme: Theme
) -> Figure | None:
    """Show the distribution of the values of each sampler's trials; None without any."""
    traces = []
    shown: list[float] = []
    for series in series_of(studies):
        if series.role is Role.CONTROL:
            continue
        x, y = distribution_of(_pooled(series, found))
        if x:
            traces.append(_edf_trace(series, x, y, theme))
            shown += x
    if not traces:
        return None
    kind = "log" if spans_decades(shown) else "linear"
    return {
        "data": traces,
        "layout": layout(
            theme,
            "edf",
            meta={"caption": EDF_WORDS},
            hovermode="closest",
            xaxis=axis(theme, "Value of a trial", type=kind, tickformat=".3~g", showgrid=False),
            yaxis=axis(theme, "Share of trials", range=[0.0, 1.02], tickformat=".0%"),
        ),
    }


def _pooled(series: Series, found: Mapping[int, SearchValues]) -> SearchValues:
    own = [found[study.id] for study in series.studies if study.id in found]
    values = sorted(value for one in own for value in one.values)
    return SearchValues(values, sum(one.n_ended for one in own))


def _edf_trace(series: Series, x: list[float], y: list[float], theme: Theme) -> Figure:
    words = f"<b>{escape(series.name)}</b><br>%{{y:.1%}} of trials: %{{x:.5~g}} or lower"
    return _steps(series, x, y, words, theme)


def _steps(
    series: Series, x: Sequence[float], y: Sequence[float], words: str, theme: Theme
) -> Figure:
    """Return a line of steps; `words` is what Plotly.js shows of a point."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": escape(series.name),
        **group_of(series),
        "x": x,
        "y": y,
        "line": {**line_of(series, theme), "shape": "hv"},
        "hovertemplate": words + "<extra></extra>",
    }


def rank_figure(ranks: MeanRanks, theme: Theme) -> Figure:
    """Show the mean rank of each sampler over the repeats, against the number of trials."""
    n = len(ranks.series)
    return {
        "data": [
            _rank_trace(series, ranks.x, own, theme)
            for series, own in zip(ranks.series, ranks.means, strict=True)
        ],
        "layout": layout(
            theme,
            "ranks",
            meta={"caption": ranks_in_words(ranks)},
            hovermode="x unified",
            xaxis=axis(
                theme,
                "Trials of each search",
                showgrid=False,
                range=[0.0, 1.03 * ranks.x[-1]],
                **whole(ranks.x[-1]),
            ),
            yaxis=axis(theme, "Mean rank", range=[n + 0.15, 0.85], dtick=1),
        ),
    }


def ranks_in_words(ranks: MeanRanks) -> str:
    """Say what the ranks are, and of how many repeats."""
    n = ranks.n_repeats
    repeats = "one repeat" if n == 1 else counted(n, "repeat")
    words = (
        f"In each repeat the samplers are ranked by the best that they have after as many trials, "
        f"1 is the lowest; equal bests share the mean of their ranks. Lines: means over {repeats}."
    )
    if n < 5:
        words += " So few say little about the samplers on another seed."
    return words


def _rank_trace(series: Series, x: list[int], means: list[float], theme: Theme) -> Figure:
    return _steps(series, x, means, f"{escape(series.name)} %{{y:.2f}}", theme)
