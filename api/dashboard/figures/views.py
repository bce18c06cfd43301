"""What a reader has chosen to see of a search: what it is shown against, of what, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, cast

from densearch.names import quoted
from service.tasks.function import MINIMA

Against = Literal["trials", "time", "compute"]
Shown = Literal["best", "regret"]
Scale = Literal["auto", "linear", "log"]

LOG_FROM_RATIO = 10.0
_UNITS = ((2 * 3600.0, 3600.0, "h"), (120.0, 60.0, "min"))
TITLES = {
    "trials": "Trial of the study",
    "time": "Time since the start",
    "compute": "Time in training",
}
_SCALES: Mapping[str, str] = {"auto": "what fits", "linear": "linear", "log": "logarithmic"}
# The title and the choices of each switch, by its name in the address.
SWITCHES: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "x": (
            "Against",
            {"trials": "trials", "time": "time since the start", "compute": "time in training"},
        ),
        "y": ("Show", {"best": "best so far", "regret": "simple regret"}),
        "x_scale": ("Horizontal axis", _SCALES),
        "y_scale": ("Vertical axis", _SCALES),
    }
)


@dataclass(frozen=True, slots=True)
class View:
    """The switches of the figure of convergence; the defaults are its first view.

    Attributes:
        against: Trials, the time since the job's start, or the time that was spent in training.
        shown: The best value so far, or how far it lies above the optimum.
        x_scale: Of the axis of `against`; auto is linear.
        y_scale: Of the axis of `shown`; auto is logarithmic where that shows more.
    """

    against: Against = "trials"
    shown: Shown = "best"
    x_scale: Scale = "auto"
    y_scale: Scale = "auto"

    @property
    def revision(self) -> str:
        """Changes with what is on the axes: a zoom into one view means nothing in another."""
        return "-".join((self.against, self.shown, self.x_scale, self.y_scale))

    @property
    def switched(self) -> Mapping[str, str]:
        """The choice of each of `SWITCHES`."""
        return {
            "x": self.against,
            "y": self.shown,
            "x_scale": self.x_scale,
            "y_scale": self.y_scale,
        }


def view_of(query: Mapping[str, str]) -> tuple[View, list[str]]:
    """Return the view that an address chooses, and what is wrong with it.

    Args:
        query: Names and texts as they were given; a wrong choice counts as none.
    """
    chosen, faults = {}, []
    for name, (title, choices) in SWITCHES.items():
        text = query.get(name, "")
        if text in choices:
            chosen[name] = text
        elif text:
            known = ", ".join(choices)
            faults.append(
                f"{title}: the address has {name}={quoted(text, 40)}, which is none of {known}."
            )
    view = View(
        cast("Against", chosen.get("x", "trials")),
        cast("Shown", chosen.get("y", "best")),
        cast("Scale", chosen.get("x_scale", "auto")),
        cast("Scale", chosen.get("y_scale", "auto")),
    )
    return view, faults


@dataclass(frozen=True, slots=True)
class Optimum:
    """What a regret is counted from.

    Attributes:
        value: The lowest value there is.
        is_known: Whether that is known; else it is the lowest that the job has found.
    """

    value: float
    is_known: bool

    @property
    def in_words(self) -> str:
        """The regret, in a sentence."""
        if self.is_known:
            return f"Simple regret: the best so far less the function's minimum, {self.value:.6g}."
        return (
            "Simple regret: the best so far less the lowest value that this job has found, "
            f"{self.value:.6g}. The true optimum is not known, and this one may still fall."
        )


def optimum_of(function: str | None, values: Sequence[float]) -> Optimum:
    """Return the optimum of a job.

    Args:
        function: The name of the function that it minimises; None where it trains.
        values: All that it has found, at least one.
    """
    if function is not None and function in MINIMA:
        return Optimum(MINIMA[function], is_known=True)
    return Optimum(min(values), is_known=False)


def time_unit(longest_s: float) -> tuple[float, str]:
    """Return the unit, in seconds and as text, that fits times up to `longest_s`."""
    found = ((size, name) for least, size, name in _UNITS if longest_s >= least)
    return next(found, (1.0, "s"))


def kind_of(scale: Scale, values: Sequence[float], *, is_auto_log: bool) -> str:
    """Return the kind of an axis; a logarithmic one needs a value above 0.

    Args:
        scale: What the reader wants.
        values: Those on the axis.
        is_auto_log: Whether a logarithmic axis is shown where nothing else is asked for.
    """
    can_be_log = any(value > 0 for value in values)
    is_log = scale == "log" or (scale == "auto" and is_auto_log)
    return "log" if can_be_log and is_log else "linear"


def spans_decades(values: Sequence[float]) -> bool:
    """Whether a logarithmic axis shows more: all values positive, over a decade or more."""
    return bool(values) and min(values) > 0 and max(values) / min(values) >= LOG_FROM_RATIO
