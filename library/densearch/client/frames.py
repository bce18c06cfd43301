"""Trials as a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

    from densearch.answers import TrialAnswer

TIMES = ("queued_at", "started_at", "finished_at")
REMEDY = "pandas is not installed: pip install pandas"
_SPREAD = ("params", "metrics", "error")


def frame_of(trials: Iterable[TrialAnswer]) -> DataFrame:
    """Return a row for each trial, in their order.

    Raises:
        ImportError: pandas is not installed.
    """
    try:
        import pandas as pd  # only here
    except ModuleNotFoundError as error:
        raise ImportError(REMEDY, name="pandas") from error
    frame = pd.DataFrame([dict(_cells(trial)) for trial in trials])
    for name in TIMES:
        if name in frame:
            frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    return frame


def _cells(trial: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the single values of a trial with the names of their columns."""
    for name, value in trial.items():
        if name not in _SPREAD:
            yield name, value
    for name, value in (trial["params"] or {}).items():
        if isinstance(value, list):
            yield from ((f"params.{name}[{i}]", one) for i, one in enumerate(value))
        else:
            yield f"params.{name}", value
    for name, value in (trial["metrics"] or {}).items():
        yield f"metrics.{name}", value
    yield "error", (trial["error"] or {}).get("detail")
