"""Jobs on stored data sets."""

from __future__ import annotations

from typing import Any


def spec_on(dataset: str, kind: str = "classification", **changes: Any) -> dict[str, Any]:
    """Return a small job whose task names a data set."""
    return {
        "name": "j",
        "seed": 0,
        "task": {"kind": kind, "dataset": dataset},
        "network": {"kind": "small_cnn"},
        "samplers": [{"name": "random"}],
        "budget": {"n_trials": 2},
    } | changes
