"""Texts of a cost estimate on the page of a new job."""

from __future__ import annotations

from api.dashboard.formats import duration
from densearch.plurals import counted
from service.costs.figures import Epoch, Estimate, Interval, Money

LEAST_MONEY = 0.01
# As the page of a job names them.
KINDS = {
    "search": "Searches",
    "tuned": "Tuned controls",
    "control": "Fixed controls",
    "promotion": "The best in full",
    "confirmation": "The best with further seeds",
    "evaluation": "Final evaluation",
}


def rough(seconds: float | None) -> str:
    """Format an approximate duration with two significant digits."""
    words = duration(seconds)
    many, _, rest = words.partition(" ")
    return f"{many} {rest.split()[0]}" if many.isdecimal() and int(many) >= 10 else words


def kind_name(kind: str) -> str:
    """Return the title of a kind of training."""
    return KINDS[kind]


def span(interval: Interval) -> str:
    """Write the range of a duration, "" where it is exact or both ends read the same."""
    low, high = rough(interval.low), rough(interval.high)
    return _between(low, high)


def epochs(least_usual_most: tuple[int, int, int]) -> str:
    """Write the epochs of a training."""
    low, _, high = least_usual_most
    return str(high) if low == high else f"{low} to {high}"


def source(epoch: Epoch) -> str:
    """Return the source of an epoch's time as text."""
    sources = {
        "calibration": f"from steps timed on {epoch.device}",
        "trials": f"the median of {counted(epoch.n, 'earlier training')}",
        "spec": "as the spec says",
    }
    return sources[epoch.source]


def amount(value: float, currency: str) -> str:
    """Write a sum of money; below 1 with two significant digits, below a cent as a bound."""
    if 0 < value < LEAST_MONEY:
        return f"under {LEAST_MONEY} {currency}"
    return f"{value:.2f} {currency}" if value >= 1 else f"{value:.2g} {currency}"


def money_span(money: Money) -> str:
    """Write the range of a sum, "" where both ends read the same."""
    low = amount(money.amount.low, money.currency)
    high = amount(money.amount.high, money.currency)
    return _between(low, high)


def _between(low: str, high: str) -> str:
    """Join the ends of a range; a common unit appears once."""
    if low == high:
        return ""
    (least, low_unit), (most, high_unit) = low.split(" ", 1), high.split(" ", 1)
    is_shared = low_unit == high_unit and " " not in low_unit
    return f"{least if is_shared else low} to {most} {high_unit}"


def summary(estimate: Estimate) -> str:
    """Return the estimate as a sentence for screen readers."""
    if estimate.state != "ready":
        return estimate.detail or estimate.state
    most = f"at most {counted(estimate.n_trainings, 'training')}"
    if estimate.time_s is None:
        return f"Estimate: {most}"
    return f"Estimate: {most}, about {rough(estimate.time_s.expected)} from start to end"


COST_FILTERS = {
    "rough": rough,
    "kind_name": kind_name,
    "span": span,
    "epochs": epochs,
    "source": source,
    "amount": amount,
    "money_span": money_span,
    "summary": summary,
}
