"""The arms of a report next to one another: ratios to the plain network, and the samplers.

Both show single runs as dots: an interval alone hides what it was made of. They are functions of
the stored report alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from statistics import fmean
from typing import Any

from api.dashboard.figures.clipping import clipped
from api.dashboard.figures.themes import Figure, Theme, axis, layout
from densearch.answers.compared_metric import LOSS, ComparedMetric
from service.report.attribution import UNIFORM
from service.report.primary import SIMPLER
from service.studies.looks import MARGIN_PERCENT

Row = Mapping[str, Any]
Ratio = tuple[float, float | None, float | None]
# How far an interval may stretch the axis, in widths of the range of the points.
ROOM = 1.0
# Reports of function jobs, and of jobs without a test split, compare the values of the searches.
BEST = "Best value of each search"


def in_order_of_chain(arms: Sequence[Row]) -> list[Row]:
    """Return arms without a shape first, the simplest of them first, then the others."""
    ranks = {name: rank for rank, name in enumerate(SIMPLER)}
    return sorted(arms, key=lambda arm: ranks.get(arm["name"], len(ranks)))


def seed_ratios(arm: Row, plain: Row) -> list[float]:
    """Return the ratio of each seed, where both arms have a loss for every seed."""
    tests = [own.get("test") or {} for own in (arm, plain)]
    losses = [test.get("losses") or [] for test in tests]
    lost = [
        test.get(f"n_{kind}") for test in tests for kind in ("diverged", "collapsed", "failed")
    ]
    if len(losses[0]) != len(losses[1]) or any(lost):
        return []
    return [ours / theirs for ours, theirs in zip(*losses, strict=True) if theirs > 0.0]


def ratio_of(versus: Row) -> Ratio | None:
    """Return an arm's loss over uniform's with its interval; None where it is no ratio.

    Reports before version 3 have the ends of the interval in units of the loss.
    """
    if versus.get("unit") == "difference":
        return None
    if versus.get("change") is not None:
        ends = versus.get("change_low"), versus.get("change_high")
        whole, scale = versus["change"], 1.0
    else:
        ends = versus.get("low"), versus.get("high")
        whole, difference = versus.get("relative"), versus.get("difference")
        if whole is None or not difference:
            return None
        scale = whole / difference
    low, high = (None if end is None else 1.0 + scale * end for end in ends)
    return 1.0 + whole, low, high


def arms_figure(report: Row, theme: Theme, own: ComparedMetric = LOSS) -> Figure | None:
    """Show each arm's test loss over that of the plain network, with interval and single seeds.

    Returns:
        None where no arm is compared with the plain network.
    """
    arms = in_order_of_chain(report.get("arms") or [])
    plain = next((arm for arm in arms if arm["name"] == UNIFORM), None)
    rows = [(arm, ratio_of(arm.get("vs_uniform") or {})) for arm in arms]
    known = [(arm, ratio) for arm, ratio in rows if ratio is not None]
    if plain is None or not known:
        return None
    names = [escape(str(arm["name"]), quote=False) for arm, _ in known]
    seeds = [
        (name, ratio)
        for name, (arm, _) in zip(names, known, strict=True)
        for ratio in seed_ratios(arm, plain)
    ]
    margin = ((report.get("answer") or {}).get("plan") or {}).get("margin_percent", MARGIN_PERCENT)
    means = [ratio for _, ratio in known]
    points = [*(mean for mean, _, _ in means), *(own for _, own in seeds)]
    low, high = clipped(
        [*points, 1.0 - margin / 100.0, 1.0 + margin / 100.0],
        [end for _, *ends in means for end in ends if end is not None],
        ROOM,
    )
    low = max(low, 0.0)  # below it there is no ratio of losses
    arrows = _arrows(means, names, low, high, theme)
    more = (
        " An arrow stands where an interval goes on beyond the figure: it has too few seeds, or "
        "they differ much." if arrows["x"] else ""
    )  # fmt: skip
    return _figure(
        [
            _dots("single seed", [r for _, r in seeds], [n for n, _ in seeds], theme),
            _marks("mean", means, names, theme),
            arrows,
        ],
        f"{own.title} over that of the plain network",
        names,
        theme,
        "arms",
        shapes=[_band(margin / 100.0, theme), _line(theme)],
        caption=(
            f"{own.better_side.capitalize()} is better. Each line is the interval; all of them "
            "hold together at 95 %. "
            f"Dots are single seeds. Differences inside the band, {margin:g} %, do not matter."
            f"{more}"
        ),
        limits=(low, high) if arrows["x"] else None,
    )


def samplers_figure(report: Row, theme: Theme, own: ComparedMetric = LOSS) -> Figure | None:
    """Show what each search of each sampler found, and their mean; None for a single search."""
    compared = report.get("samplers") or {}
    name = "loss_mean" if compared.get("is_test") else None
    found: dict[str, list[float]] = {}
    for arm in report.get("arms") or []:
        if arm.get("role") != "search" or not arm.get("sampler"):
            continue
        value = (arm.get("test") or {}).get(name) if name else arm.get("validation_loss")
        if value is not None:
            found.setdefault(escape(arm["sampler"], quote=False), []).append(value)
    if sum(map(len, found.values())) < 2:
        return None
    pairs = [(sampler, value) for sampler, values in found.items() for value in values]
    means: list[Ratio] = [(fmean(own), None, None) for own in found.values()]
    return _figure(
        [
            _dots("single search", [v for _, v in pairs], [s for s, _ in pairs], theme),
            _marks("mean", means, list(found), theme),
        ],
        f"Mean {own.noun} of what each search found" if name else BEST,
        list(found),
        theme,
        "samplers",
        shapes=[],
        caption=(
            "Dots are single searches, one for each search seed. A search that found nothing "
            "better than a simpler arm, which it contains, counts with that arm's training."
        ),
    )


def _figure(
    traces: Sequence[Figure],
    title: str,
    names: Sequence[str],
    theme: Theme,
    revision: str,
    *,
    shapes: Sequence[Figure],
    caption: str,
    limits: tuple[float, float] | None = None,
) -> Figure:
    range_ = {}
    if limits is not None:
        room = 0.03 * (limits[1] - limits[0])
        range_ = {"range": [limits[0] - room, limits[1] + room]}
    own = layout(
        theme,
        revision,
        hovermode="closest",
        shapes=list(shapes),
        xaxis=axis(theme, title, tickformat=".4~g", nticks=8, **range_),
        yaxis=axis(
            theme, "", type="category", categoryorder="array", categoryarray=list(names)[::-1],
            showgrid=False,
        ),
        meta={"caption": caption},
    )  # fmt: skip
    return {"data": [trace for trace in traces if trace["x"]], "layout": own}


def _dots(name: str, x: Sequence[float], y: Sequence[str], theme: Theme) -> Figure:
    return {
        "type": "scatter", "mode": "markers", "name": name, "x": list(x), "y": list(y),
        "legendgroup": name, "meta": {"label": name},
        "marker": {"size": 7, "color": theme.control, "opacity": 0.6},
        "hovertemplate": "%{y}: %{x:.5g}<extra></extra>",
    }  # fmt: skip


def _marks(
    name: str,
    means: Sequence[Ratio],
    y: Sequence[str],
    theme: Theme,
) -> Figure:
    return {
        "type": "scatter", "mode": "markers", "name": name, "y": list(y),
        "x": [mean for mean, _, _ in means],
        "legendgroup": name, "meta": {"label": name, "columns": ["low", "high"]},
        "customdata": [[low, high] for _, low, high in means],
        "marker": {"size": 10, "symbol": "diamond", "color": theme.series[0]},
        "error_x": {
            "type": "data", "symmetric": False, "color": theme.series[0], "thickness": 2,
            "array": [0.0 if high is None else high - mean for mean, _, high in means],
            "arrayminus": [0.0 if low is None else mean - low for mean, low, _ in means],
        },
        "hovertemplate": "%{y}: %{x:.5g}<extra></extra>",
    }  # fmt: skip


def _arrows(
    means: Sequence[Ratio], y: Sequence[str], low: float, high: float, theme: Theme
) -> Figure:
    """Return a mark at the edge for each interval that goes on beyond it."""
    pairs = list(zip(means, y, strict=True))
    cut = [
        ("left", low, own[1], name) for own, name in pairs if own[1] is not None and own[1] < low
    ]
    cut += [
        ("right", high, own[2], name)
        for own, name in pairs
        if own[2] is not None and own[2] > high
    ]
    return {
        "type": "scatter", "mode": "markers", "name": "goes on",
        "legendgroup": "mean", "meta": {"is_hidden": True},
        "x": [at for _, at, _, _ in cut], "y": [name for *_, name in cut],
        "customdata": [end for _, _, end, _ in cut],
        "marker": {
            "size": 11, "color": theme.series[0],
            "symbol": [f"triangle-{side}" for side, *_ in cut],
        },
        "hovertemplate": "%{y}: the interval goes on to %{customdata:.4g}<extra></extra>",
    }  # fmt: skip


def _band(margin: float, theme: Theme) -> Figure:
    return {
        "type": "rect", "layer": "below", "yref": "paper", "y0": 0, "y1": 1, "x0": 1.0 - margin,
        "x1": 1.0 + margin, "fillcolor": theme.grid, "opacity": 0.7, "line": {"width": 0},
    }  # fmt: skip


def _line(theme: Theme) -> Figure:
    line = {"color": theme.control, "width": 1}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": 1.0, "x1": 1.0, "line": line}
