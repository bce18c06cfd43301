"""Records of a run: read back as they were, and what counts among final trainings."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from api.evidence import records
from api.evidence.protocol import Cell
from densearch.answers import TrialAnswer
from tests.support.evidence import recorded

CELL = Cell("digits-k3", "digits", 3, "digits", None, {})


def trial(number: int | None, value: float | None, **changes: Any) -> TrialAnswer:
    found = {
        "study": "uniform", "number": number, "value": value, "state": "COMPLETED",
        "is_diverged": False, "training_s": 2.0, "metrics": {"constant_loss": 2.0},
    }  # fmt: skip
    return cast("TrialAnswer", {**found, **changes})


def test_final_trainings_are_those_of_the_last_look_by_how_they_ended() -> None:
    report = {"answer": {"looks": [{"n_seeds": 2}, {"n_seeds": 4}]}}
    found = records.record_of(
        CELL,
        {"report": report, "spec": {"name": "d"}},
        [
            trial(3, 1000.0, is_diverged=True),
            trial(1, 1.9999),
            trial(2, None, state="FAILED", metrics=None),
            trial(0, 1.5),
            trial(4, 0.1),  # beyond the last look
            trial(None, 0.1),
        ],
    )
    assert [(own.seed, own.state) for own in found.trainings] == [
        (0, records.COUNTED), (1, records.NOTHING), (2, records.FAILED), (3, records.DIVERGED)
    ]  # fmt: skip


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    run = recorded()
    records.save(run, tmp_path / "again.json")
    assert records.load(tmp_path / "again.json") == run
    assert [cell.name for cell in run.ended] == ["digits-k3", "faces-k3", "fashion-k5"]


def test_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps({"version": 0}))
    with pytest.raises(ValueError, match="run the protocol again"):
        records.load(tmp_path / "old.json")


def test_cells_are_kept_by_a_run_of_the_same_mode_machine_and_versions(tmp_path: Path) -> None:
    run, path = recorded(), tmp_path / "records.json"
    assert records.kept(run, path) == []
    records.save(run, path)
    assert records.kept(replace(run, cells=[]), path) == run.ended
    other_versions = {**run.versions, "training": -1}
    for changed in ({"mode": "full"}, {"machine": "another"}, {"versions": other_versions}):
        assert records.kept(replace(run, **changed), path) == []


def test_losses_have_a_line_for_each_final_training(tmp_path: Path) -> None:
    run = recorded()
    records.save_losses(run, tmp_path / "losses.csv")
    with (tmp_path / "losses.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(cell.trainings) for cell in run.cells)
    first = [rows[0][name] for name in ("cell", "arm", "seed")]
    assert first == ["digits-k3", "density_tuned", "0"]
    assert float(rows[0]["loss"]) == run.cells[0].trainings[0].loss
    assert float(rows[0]["accuracy"]) == run.cells[0].trainings[0].metrics["accuracy"]
