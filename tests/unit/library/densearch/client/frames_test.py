"""Trials as a DataFrame."""

from __future__ import annotations

import sys
from typing import Any, cast

import pandas as pd
import pytest

from densearch.answers import TrialAnswer
from densearch.client.frames import frame_of


def trial(**changes: Any) -> TrialAnswer:
    own = {
        "id": 1,
        "params": {"den": [0.5, 1.0], "lr": 0.1},
        "metrics": {"loss": 0.25},
        "error": None,
        "curve": [0.5, 0.25],
        "queued_at": "2026-03-01T12:00:00.5Z",
        "started_at": "2026-03-01T12:00:01+00:00",
        "finished_at": None,
    }
    return cast("TrialAnswer", own | changes)


def test_params_and_metrics_have_columns_and_times_are_aware() -> None:
    broken = trial(id=2, params={"density": "uniform"}, metrics=None, error={"detail": "=boom"})
    frame = frame_of([trial(), broken])
    assert list(frame["id"]) == [1, 2]
    assert frame.loc[0, ["params.den[0]", "params.den[1]", "params.lr"]].tolist() == [
        0.5,
        1.0,
        0.1,
    ]
    assert frame.loc[1, "params.density"] == "uniform"
    assert frame.loc[1, "error"] == "=boom"
    assert pd.isna(frame.loc[1, "metrics.loss"])
    assert str(frame["queued_at"].dt.tz) == "UTC"
    assert frame.loc[0, "started_at"] == pd.Timestamp("2026-03-01T12:00:01Z")
    assert pd.isna(frame.loc[0, "finished_at"])


def test_no_trial_is_an_empty_frame() -> None:
    assert frame_of([]).empty


def test_without_pandas_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        frame_of([trial()])
