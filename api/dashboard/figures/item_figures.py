"""The figures of a job's test items: how their losses are distributed, and for which arm."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from api.dashboard.figures.themes import DASHES, Figure, Theme, axis, layout
from api.dashboard.figures.views import spans_decades
from densearch.plurals import counted, noun
from service.jobs.item_standings import ItemStandings

# Points of a line, and of the figure of pairs.
MAX_POINTS = 1000
MAX_ITEMS = 2000
# A loss that is a mean squared error of values in [0, 1] is shown as PSNR.
PSNR_TITLE = "PSNR of a test image, dB"
LOSS_TITLE = "Loss of a test item"


def shown_of(losses: NDArray[np.float64], *, is_psnr: bool) -> NDArray[np.float64]:
    """Return losses in the unit that is shown; that of a loss of 0 is not finite."""
    if not is_psnr:
        return losses
    with np.errstate(divide="ignore"):
        return np.asarray(-10.0 * np.log10(losses))


def spread_figure(standings: ItemStandings, theme: Theme, *, is_psnr: bool) -> Figure:
    """Show the share of the items at or below each value, a line for each arm."""
    n = standings.n_items
    at = np.unique(np.linspace(0, n - 1, min(n, MAX_POINTS)).round().astype(int))
    traces, every = [], []
    for place, (arm, losses) in enumerate(standings.losses.items()):
        values = np.sort(shown_of(losses, is_psnr=is_psnr))
        is_finite = np.isfinite(values[at])
        x = [float(value) for value in values[at][is_finite]]
        y = [(int(i) + 1) / n for i in at[is_finite]]
        every += x
        traces.append(_line(arm, place, x, y, theme))
    is_log = not is_psnr and spans_decades(every)
    return {
        "data": traces,
        "layout": layout(
            theme,
            "items",
            meta={"caption": f"Each item counts with its mean over {_seeds(standings)}."},
            hovermode="closest",
            xaxis=axis(
                theme,
                PSNR_TITLE if is_psnr else LOSS_TITLE,
                type="log" if is_log else "linear",
                tickformat=".3~g",
                showgrid=False,
            ),
            yaxis=axis(theme, "Share of the test items", range=[0.0, 1.02], tickformat=".0%"),
        ),
    }


def _line(arm: str, place: int, x: Sequence[float], y: Sequence[float], theme: Theme) -> Figure:
    name = escape(arm)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "legendgroup": f"arm-{place}",
        "meta": {"label": name, "columns": []},
        "x": list(x),
        "y": list(y),
        "line": {
            "color": theme.series[place % len(theme.series)],
            "width": 2,
            "dash": DASHES[(place // len(theme.series)) % len(DASHES)],
            "shape": "hv",
        },
        "hovertemplate": f"<b>{name}</b><br>%{{y:.1%}}: %{{x:.4~g}} or less<extra></extra>",
    }


def _seeds(standings: ItemStandings) -> str:
    n, n_all = standings.n_seeds, standings.n_trained
    seeds = "one seed" if n == 1 else counted(n, "seed")
    return seeds if n == n_all else f"the first {seeds} of {n_all}"


def pairs_figure(
    standings: ItemStandings, arm: str, against: str, theme: Theme, *, is_psnr: bool
) -> Figure | None:
    """Show each item under two arms; None where one of them has no losses.

    Of more items than can be drawn every second, third, ... in the order of the split is shown.
    """
    if arm == against or not {arm, against} <= set(standings.losses):
        return None
    stride = -(-standings.n_items // MAX_ITEMS)
    numbers = np.arange(0, standings.n_items, stride)
    x, y = (shown_of(standings.losses[name], is_psnr=is_psnr)[numbers] for name in (against, arm))
    is_finite = np.isfinite(x) & np.isfinite(y)
    x, y, numbers = x[is_finite], y[is_finite], numbers[is_finite]
    if not len(x):
        return None
    values = [*x.tolist(), *y.tolist()]
    is_log = not is_psnr and spans_decades(values)
    what = "PSNR, dB" if is_psnr else "loss"
    kind = {"type": "log" if is_log else "linear", "tickformat": ".3~g"}
    ends = [min(values), max(values)]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": "as good",
                "meta": {"is_hidden": True},
                "x": ends,
                "y": ends,
                "line": {"color": theme.control, "width": 1, "dash": "dash"},
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "name": "items",
                "meta": {"columns": ["item"]},
                "x": x.tolist(),
                "y": y.tolist(),
                "customdata": numbers.tolist(),
                "marker": {"color": theme.series[0], "size": 5, "opacity": 0.5},
                "hovertemplate": f"item %{{customdata}}<br>{escape(against)} %{{x:.4~g}}<br>"
                f"{escape(arm)} %{{y:.4~g}}<extra></extra>",
            },
        ],
        "layout": layout(
            theme,
            f"pairs-{arm}-{against}",
            meta={"caption": _pairs_words(standings, arm, against, stride)},
            hovermode="closest",
            xaxis=axis(theme, f"{escape(against)}, {what}", **kind),
            yaxis=axis(theme, f"{escape(arm)}, {what}", **kind),
        ),
    }


def _pairs_words(standings: ItemStandings, arm: str, against: str, stride: int) -> str:
    first, second = standings.losses[arm], standings.losses[against]
    n, better = standings.n_items, int(np.sum(first < second))
    words = (
        f"{better} of {counted(n, 'test item')} {noun(better, 'has', 'have')} "
        f"a lower loss with {arm} than with {against}, in the "
        f"mean over {_seeds(standings)}. On the dashed line both are as good. Items of one split "
        "are not all one wants to know of: the report has the interval."
    )
    return words if stride == 1 else f"{words} One item in {stride} is drawn."
