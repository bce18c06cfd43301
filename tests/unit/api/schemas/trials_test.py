"""Trials, attempts and measurements are answered as stored, but for what only the server uses."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from api.schemas.trials import AttemptOut, MeasurementOut, TrialDetailOut, TrialOut
from service.records import Attempt, Measurement, Trial
from service.states import AttemptState, Phase, TrialState
from tests.support.schemas import answered, known


@pytest.mark.parametrize(
    ("model", "record", "hidden"),
    [
        (TrialOut, Trial, {"digest", "payload", "seed", "n_attempts"}),
        (AttemptOut, Attempt, {"id", "job_id", "trial_id", "dispatcher", "metrics"}),
        (MeasurementOut, Measurement, {"attempt_id"}),
    ],
)
def test_all_that_is_stored_is_answered_or_hidden_on_purpose(
    model: type[BaseModel], record: type[Any], hidden: set[str]
) -> None:
    assert known(record) - answered(model) == hidden


def test_what_is_derived_is_all_that_is_added() -> None:
    derived = answered(TrialOut) - known(Trial)
    assert derived == {"study", "sampler", "speculative", "cached", "device", "attempts"}
    assert answered(TrialDetailOut) - answered(TrialOut) == {"attempt_log"}


@pytest.mark.parametrize(
    ("model", "name", "states"),
    [
        (TrialOut, "state", TrialState),
        (TrialOut, "phase", Phase),
        (AttemptOut, "state", AttemptState),
    ],
)
def test_the_document_lists_every_state(
    model: type[BaseModel], name: str, states: type[Any]
) -> None:
    schema = model.model_json_schema()
    reference = schema["properties"][name]["$ref"].rpartition("/")[2]
    assert schema["$defs"][reference]["enum"] == [str(state) for state in states]
