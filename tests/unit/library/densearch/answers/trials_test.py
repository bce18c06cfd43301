"""The shape of a trial against what the service knows: no field is forgotten, no word differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, get_args, get_type_hints

import pytest

from densearch import answers
from service import states
from service.orchestration.trial_log import ANNOUNCED
from service.records import Trial, TrialResult

SHOWN = get_type_hints(answers.TrialAnswer)


def test_every_field_that_a_worker_measures_is_shown() -> None:
    measured = get_type_hints(TrialResult)
    assert measured.keys() <= SHOWN.keys()
    for name in ("metrics", "learned", "training_s", "peak_memory_bytes"):
        assert SHOWN[name] == measured[name]


def test_what_is_not_derived_is_a_field_of_the_record() -> None:
    derived = {"study", "sampler", "speculative", "cached", "device", "attempts"}
    assert SHOWN.keys() - derived <= {own.name for own in fields(Trial)}


@pytest.mark.parametrize(
    ("words", "enumeration"),
    [
        (answers.TrialState, states.TrialState),
        (answers.AttemptState, states.AttemptState),
        (answers.Phase, states.Phase),
    ],
)
def test_the_words_are_those_of_the_service(words: object, enumeration: type[StrEnum]) -> None:
    assert get_args(words) == tuple(enumeration)


def test_an_event_has_fields_of_the_answer() -> None:
    event: Mapping[str, Any] = get_type_hints(answers.TrialEvent)
    assert event.items() <= SHOWN.items()
    assert event.keys() == {*ANNOUNCED, "cached"}
