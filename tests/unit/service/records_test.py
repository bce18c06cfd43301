"""The result of a trial: what passes whole from the worker to the row, and what may be reused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from service.orchestration.messages import Ended, Ending
from service.records import Trial, TrialResult
from workers.training.task import Outcome, Status

RESULT: dict[str, Any] = {
    "metrics": {"loss": 0.5},
    "curve": (0.7, 0.5),
    "learned": {"groups": {"": [0.6]}},
    "training_s": 2.0,
    "peak_memory_bytes": 5 * 10**9,
}


def test_a_result_passes_from_the_training_to_the_message_whole() -> None:
    outcome = Outcome(status=Status.COMPLETED, value=0.5, precision="tf32", **RESULT)
    ended = Ended(1, 2, Ending.COMPLETED, value=0.5, **outcome.measured())
    assert ended.measured() == outcome.measured() == {**ended.measured(), **RESULT}


def test_every_field_of_a_result_is_one_of_a_trial() -> None:
    names = {own.name for own in fields(TrialResult)}
    assert RESULT.keys() <= names < {own.name for own in fields(Trial)}


def test_an_attempt_may_end_unmeasured() -> None:
    assert not any(Ended(1, 2, Ending.CRASHED).measured().values())


def test_a_trial_that_reuses_a_result_was_not_trained() -> None:
    ended = Ended(1, 2, Ending.COMPLETED, **RESULT)
    assert RESULT.keys() - ended.reusable().keys() == {"peak_memory_bytes"}
