"""What a cell of a campaign found, read off its job's report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.records import Json
from service.report.effects import log_of
from service.report.stored_answer import NOT_JUDGED, answer_in, effect_in, outcome_in
from service.states import JobState
from service.storage.campaigns import CampaignCell
from service.studies.looks import ERROR_RATE
from service.studies.test_splits import split_named

# A cell whose density fails more often is not averaged: its losses are those of the survivors.
LESS_RELIABLE = "less reliable"
# Nor is one without a tuned learning rate, which a density may only stand in for.
NOT_AVERAGED = (LESS_RELIABLE, NOT_JUDGED)
# Its effect is 0: both arms are the same training.
NONE_FOUND = "none found"


@dataclass(frozen=True, slots=True)
class LogRatio:
    """The density's arm against the best simpler one, as the mean log ratio of their losses.

    Attributes:
        mean: Below 0 where the density is better.
        variance: Of the mean, over seeds; 0 where both arms are the same training.
        low: Lower end of the job's own interval.
        high: Upper end.
        p: One-sided, that the density is no better, at any planned look: it is held against 2.5 %.
        n_seeds: Pairs.
    """

    mean: float
    variance: float
    low: float
    high: float
    p: float
    n_seeds: int


@dataclass(frozen=True, slots=True)
class CellResult:
    """A cell with what its job found; None for what there is not.

    Attributes:
        failure: Why its job failed, for people.
        split: Name of its test split (`service.studies.test_splits`).
        outcome: The job's answer.
        effect: None also where losses are not all above 0, and have no ratio.
        radius: Effective radius of the density in question, in taps, where all layers share it.
        network: Width and size of the kernels, as far as the network has one of each.
        n_train: Training samples, or a part of them; None for all.
        valley: The losses of a search over widths (`service.report.valley`).
    """

    index: int
    settings: Json
    job_id: int | None
    state: JobState | None
    failure: str | None = None
    split: str | None = None
    outcome: str | None = None
    effect: LogRatio | None = None
    radius: float | None = None
    network: tuple[float | None, float | None] = (None, None)
    n_train: float | None = None
    valley: Json | None = None


def result_of(cell: CampaignCell) -> CellResult:
    """Read a cell's result off its job's spec and report; a report of an earlier version has less.

    Args:
        cell: With its job's spec and report, as far as there are.
    """
    spec, report = cell.spec or {}, cell.report or {}
    task, network = spec.get("task") or {}, spec.get("network") or {}
    n_training = (task.get("data") or {}).get("n_training")
    question = answer_in(report).get("question") or {}
    arm = _arm(report, question.get("arm") or report.get("best_arm"))
    outcome = outcome_in(report)
    return CellResult(
        index=cell.index,
        settings=cell.settings,
        job_id=cell.job_id,
        state=cell.state,
        failure=_failure_in(cell),
        split=split_named(spec),
        outcome=outcome,
        effect=None if outcome in NOT_AVERAGED else log_ratio(effect_in(report)),
        radius=(arm.get("density") or {}).get("effective_radius"),
        network=(_number(network.get("width")), _number(network.get("kernel_size"))),
        n_train=_number(task.get("n_train")) or _number(n_training),
        valley=arm.get("valley") or _only_valley(report),
    )


def _failure_in(cell: CampaignCell) -> str | None:
    if cell.state is not JobState.FAILED:
        return None
    error = cell.error or {}
    reason = str(error.get("detail") or error.get("title") or "the reason is not known")
    return reason.rstrip(".")  # it becomes a part of a sentence


def _arm(report: Json, name: str | None) -> Mapping[str, Any]:
    return next((one for one in report.get("arms", ()) if one["name"] == name), {})


def _only_valley(report: Json) -> Json | None:
    found = [one["valley"] for one in report.get("arms", ()) if one.get("valley")]
    return found[0] if len(found) == 1 else None


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value else None  # type: ignore[arg-type]


def log_ratio(effect: Mapping[str, Any] | None) -> LogRatio | None:
    """Read an effect as a report has it; None where it is no ratio or has no spread."""
    if effect is None or effect["unit"] != "ratio" or effect["low"] is None:
        return None
    spread, n = effect["spread"] or 0.0, effect["n"]
    return LogRatio(
        mean=log_of(effect["change"]),
        variance=spread**2 / n,
        low=log_of(effect["low"]),
        high=log_of(effect["high"]),
        p=_one_sided(effect),
        n_seeds=n,
    )


def _one_sided(effect: Mapping[str, Any]) -> float:
    """Return p of "no better", scaled from the level of one look to that of all looks together."""
    p = effect["p"] if effect["p"] is not None else 1.0
    if effect["change"] == 0.0:
        return 1.0
    side = p / 2.0 if effect["change"] < 0.0 else 1.0 - p / 2.0
    return float(min(1.0, side * ERROR_RATE / effect["level"]))
