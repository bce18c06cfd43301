"""Rows become plain values: states as members of their enumerations."""

from __future__ import annotations

from dataclasses import fields

import pytest
from sqlalchemy import inspect

from service import records
from service.states import CalibrationState, JobState, Role
from service.storage import rows, tables
from service.storage.declarative import Base
from service.storage.tables import JobRow, StudyRow

KINDS = {
    records.Job: tables.JobRow,
    records.Study: tables.StudyRow,
    records.Trial: tables.TrialRow,
    records.Attempt: tables.AttemptRow,
    records.Measurement: tables.MeasurementRow,
    records.DensityRecord: tables.DensityRow,
    records.EvaluationRecord: tables.EvaluationRow,
    records.Artifact: tables.ArtifactRow,
    records.Dataset: tables.DatasetRow,
    records.JobEvent: tables.EventRow,
    records.RegisteredDispatcher: tables.DispatcherRow,
    records.Calibration: tables.CalibrationRow,
}


@pytest.mark.parametrize(("kind", "row"), KINDS.items(), ids=lambda found: found.__name__)
def test_every_field_of_a_value_is_read_from_its_row(kind: type, row: type[Base]) -> None:
    names = {field.name for field in fields(kind)}
    assert names <= set(inspect(row).attrs.keys())


def test_a_state_is_a_member_and_nothing_else_changes() -> None:
    job = rows.to_value(records.Job, JobRow(id=1, name="a", state="PAUSED", spec={"x": [1]}))
    assert job.state is JobState.PAUSED
    assert (job.id, job.name, job.spec, job.error) == (1, "a", {"x": [1]}, None)
    study = rows.to_value(records.Study, StudyRow(role="search", sampler="search"))
    assert (study.role, type(study.sampler)) == (Role.SEARCH, str)


def test_a_state_that_this_version_does_not_know_is_an_error() -> None:
    with pytest.raises(ValueError, match="GONE"):
        rows.to_value(records.Job, JobRow(state="GONE"))
    for state in CalibrationState:
        row = tables.CalibrationRow(state=state.value)
        assert rows.to_value(records.Calibration, row).state is state
