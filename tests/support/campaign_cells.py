"""Cells of a campaign with reports made by hand, as jobs would leave them."""

from __future__ import annotations

import math
from typing import Any

from service.states import JobState
from service.storage.campaigns import CampaignCell


def effect(mean: float, error: float, n: int = 10, level: float = 0.05) -> dict[str, Any]:
    """An effect as a report has it, from a log ratio and its standard error."""
    from scipy import stats

    reach = stats.t.ppf(1.0 - level / 2.0, n - 1) * error
    p = 2.0 * stats.t.sf(abs(mean) / error, n - 1) if error else None
    return {
        "n": n,
        "n_better": n,
        "unit": "ratio",
        "change": math.expm1(mean),
        "low": math.expm1(mean - reach),
        "high": math.expm1(mean + reach),
        "level": level,
        "p": p,
        "spread": error * math.sqrt(n),
        "detectable": None,
    }


def spec_of(dataset: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": "cell",
        "task": {"kind": "classification", "dataset": dataset},
        "network": {"kind": "small_cnn", "width": 8, "kernel_size": 3},
        "budget": {"n_trials": 9},
        **changes,
    }


def cell(
    index: int,
    dataset: str = "digits",
    found: dict[str, Any] | None = None,
    outcome: str = "better",
    **changes: Any,
) -> CampaignCell:
    """A cell whose job has succeeded."""
    row = {"name": "density_tuned", "density": {"effective_radius": 1.25}, "valley": None}
    report = {
        "arms": [row],
        "best_arm": "density_tuned",
        "answer": {
            "outcome": outcome,
            "question": {"arm": "density_tuned", "against": "uniform_tuned"},
            "looks": [{"effect": found}],
        },
    }
    values: dict[str, Any] = {
        "index": index,
        "settings": {"seed": index},
        "job_id": index + 1,
        "state": JobState.SUCCEEDED,
        "error": None,
        "spec": spec_of(dataset),
        "report": report,
    }
    return CampaignCell(**values | changes)


def valley_cell(
    index: int,
    settings: dict[str, Any],
    widths: list[float],
    losses: list[float],
    *,
    is_normalised: bool = True,
    kernel_size: int = 5,
) -> CampaignCell:
    """A cell whose job has gone through widths."""
    valley = {
        "widths": widths,
        "losses": losses,
        "kernel_size": kernel_size,
        "n_dims": 2,
        "is_normalised": is_normalised,
    }
    row = {"name": "grid", "density": {"effective_radius": 1.0}, "valley": valley}
    spec = spec_of("digits", seed=settings.get("seed", 0))
    spec["task"]["n_train"] = settings.get("task.n_train")
    spec["network"] = {"width": settings.get("network.width", 8), "kernel_size": kernel_size}
    report = {"arms": [row], "best_arm": "grid", "answer": None}
    return cell(index, settings=settings, spec=spec, report=report)
