"""Recording: a run that was stopped goes on, and trains nothing twice."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from benchmarks.recorded import record
from benchmarks.recorded.tasks import Key, job_of, point_of, spec_of
from service.studies import payloads
from service.studies.resolved import TrainingJob
from workers.training.task import Outcome, Status, TrainingTask

WANTED: list[Key] = [(seed, 0, den, 0) for seed, den in product(range(2), range(3))]


class Trainer:
    """Stands for the training: its loss is known from the key."""

    def __init__(self) -> None:
        self.trained: list[Key] = []

    def __call__(self, job: TrainingJob, key: Key) -> dict[str, Any]:
        assert job.spec.name == "recorded faces"
        self.trained.append(key)
        real = {"factor": 0.125, "den": 0.5 * key[2], "lr": 0.001}
        return {**dict(zip(record.INDICES, key, strict=True)), **real, "loss": key[0] + key[2]}


def test_a_stopped_run_goes_on_and_gives_the_file_of_one_run(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    record.record("faces", tmp_path / "whole", wanted=WANTED, train_one=Trainer())
    looks = iter([False, False, True])
    first, second, third = Trainer(), Trainer(), Trainer()
    parts = tmp_path / "parts"
    record.record("faces", parts, wanted=WANTED, train_one=first, is_over=lambda: next(looks))
    assert record.record("faces", parts, wanted=WANTED, train_one=second) == 4
    assert first.trained + second.trained == WANTED
    assert record.record("faces", parts, wanted=WANTED, train_one=third) == 0
    assert (parts / "faces.csv").read_text() == (tmp_path / "whole" / "faces.csv").read_text()


def test_a_row_that_was_cut_off_is_trained_again(tmp_path: Path) -> None:
    record.record("faces", tmp_path, wanted=WANTED, train_one=Trainer())
    path = tmp_path / "faces.csv"
    whole = path.read_text()
    path.write_text(whole[:-5])
    again = Trainer()
    record.record("faces", tmp_path, wanted=WANTED, train_one=again)
    assert again.trained == WANTED[-1:]
    assert path.read_text() == whole


@pytest.mark.parametrize(("value", "loss"), [(0.25, "0.25"), (None, "")])
def test_a_training_gives_a_row_in_real_units(
    monkeypatch: pytest.MonkeyPatch, value: float | None, loss: str
) -> None:
    seeds = []

    def train(task: TrainingTask) -> Iterator[Outcome]:
        seeds.append(task.seed)
        yield Outcome(status=Status.COMPLETED if value else Status.DIVERGED, value=value)

    monkeypatch.setattr(record, "train", train)
    rows = [record.trained(job_of("faces"), (seed, 4, 2, 0)) for seed in range(2)]
    assert [(r["factor"], r["den"], r["lr"], r["loss"]) for r in rows] == [
        ("1", 1.0, 0.0005, loss)
    ] * 2
    assert seeds[0] != seeds[1]


@pytest.mark.parametrize("name", ["digits", "photos", "faces"])
def test_the_plain_convolution_is_on_the_grid(name: str) -> None:
    order = payloads.searched(job_of(name), "direct_l", point_of((0, 4, 2, 3)))
    assert order.payload["phi"] is None or {x for row in order.payload["phi"] for x in row} == {
        1.0
    }
    assert order.params["lr"] == job_of(name).training.lr


@pytest.mark.parametrize("path", sorted(record.FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_a_table_of_the_repository_is_whole_and_its_job_is_known(path: Path) -> None:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    kept = json.loads(path.with_suffix(".json").read_text())
    assert kept["spec"] == spec_of(path.stem)
    n_points = 9 * 5 * 7
    assert len(rows) == len({tuple(row[i] for i in record.INDICES) for row in rows})
    assert len(rows) == kept["n_seeds"] * n_points
