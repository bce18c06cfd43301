"""The one place where a trial becomes what REST, the pages and the client show."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from api.schemas.trials import TrialOut
from api.trial_answer import STORED, answer_of, columns_of, device_of
from densearch.answers import TrialAnswer
from service.records import Job, Study, Trial
from service.states import JobState, Phase, Role, TrialState

AT = datetime(2026, 11, 29, 8, 30, tzinfo=UTC)
TRIAL = Trial(
    id=7, job_id=1, study_id=3, phase=Phase.SEARCH, number=2, state=TrialState.COMPLETED,
    certainty="certain", point=[0.5], params={"lr": 0.1}, digest="d", payload={}, seed=4,
    value=0.25, is_diverged=False, metrics={"loss": 0.25}, curve=[0.5, 0.25], training_s=1.5,
    peak_memory_bytes=5 * 10**9, cached_from=None, n_attempts=1, error=None, queued_at=AT,
    started_at=AT, finished_at=None,
)  # fmt: skip
STUDY = Study(
    id=3, job_id=1, place=0, name="random", role=Role.SEARCH, sampler="random", repeat=1,
    n_trials=4, seed=0, is_finished=False, stopped_at=None, best_trial_id=None, best_value=None,
)  # fmt: skip


def job_of(gpus: float) -> Job:
    return Job(
        id=1, name="n", state=JobState.RUNNING, spec={"resources": {"gpus_per_trial": gpus}},
        report=None, error=None, waits_for=None, lease_owner=None, lease_fence=0,
        lease_until=None, created_at=AT, started_at=AT, finished_at=None,
    )  # fmt: skip


def shown(gpus: float = 0.0, **changes: Any) -> TrialAnswer:
    return answer_of(replace(TRIAL, **changes), STUDY, device_of(job_of(gpus)))


def test_it_is_the_json_of_rest() -> None:
    answer = shown()
    assert list(answer) == list(TrialAnswer.__annotations__)
    sent = TrialOut.model_validate(answer).model_dump_json()
    received = json.loads(sent)
    times = {"queued_at": "2026-11-29T08:30:00Z", "started_at": "2026-11-29T08:30:00Z"}
    assert received == json.loads(json.dumps(answer)) | times


def test_what_its_job_and_study_say() -> None:
    answer = shown()
    assert (answer["study"], answer["sampler"], answer["device"]) == ("random", "random", "cpu")
    assert shown(gpus=0.5)["device"] == "cuda"
    assert shown(cached_from=5)["cached"]
    assert not answer["cached"]
    assert answer["attempts"] == 1
    assert shown(number=None, certainty="predicted")["speculative"]


@pytest.mark.parametrize(
    ("stored", "error"),
    [
        (None, None),
        ({"detail": "it raised"}, {"title": None, "detail": "it raised"}),
        ({"title": "Crash", "detail": "d", "deaths": 2}, {"title": "Crash", "detail": "d"}),
        ({"deaths": 2}, {"title": None, "detail": "{'deaths': 2}"}),
    ],
)
def test_its_error(stored: object, error: object) -> None:
    assert shown(error=stored)["error"] == error


def test_columns_have_what_the_answers_have() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"id": 8, "number": None, "certainty": "predicted", "cached_from": 5},
        {"id": 9, "phase": Phase.EVALUATION, "number": None, "certainty": "predicted"},
        {"id": 10, "error": {"title": "t", "detail": "d"}, "state": TrialState.FAILED},
        {"id": 11, "error": {"type": "older"}, "value": None, "metrics": None, "started_at": None},
    ]
    trials = [replace(TRIAL, **each) for each in changes]
    found = {name: [getattr(trial, name) for trial in trials] for name in STORED}
    for name in ("queued_at", "started_at", "finished_at"):
        found[name] = [None if at is None else at.isoformat() for at in found[name]]
    found["error"] = [None if error is None else json.dumps(error) for error in found["error"]]
    columns = columns_of(found, job_of(0.5), [replace(STUDY, id=1), STUDY])
    assert list(columns) == list(TrialAnswer.__annotations__)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    assert rows == [shown(0.5, **each) for each in changes]
