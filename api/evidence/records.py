"""What the jobs of a protocol gave, as one JSON file: the page is made of it alone."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from api.evidence import run_files
from api.evidence.protocol import Cell
from densearch.answers import TrialAnswer
from service.report.failures import is_no_gain

VERSION = 1
# How a final training ended.
COUNTED, DIVERGED, NOTHING, FAILED = "counted", "diverged", "learned nothing", "failed"


@dataclass(frozen=True, slots=True)
class FinalTraining:
    """A final training of an arm, judged on the test split.

    Attributes:
        arm: Name of the study.
        seed: Index of its seed; equal seeds of two arms have the same initial weights and batches.
        state: Counted, diverged, learned nothing, or failed; only the first has a say in a mean.
        loss: On the test split; None where it failed.
        training_s: Wall-clock seconds; other trainings ran at the same time.
        metrics: Of the task, on the test split.
    """

    arm: str
    seed: int
    state: str
    loss: float | None
    training_s: float | None
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CellRecord:
    """A cell with what its job gave.

    Attributes:
        name: See `api.evidence.protocol.Cell`.
        task: Likewise.
        kernel_size: Likewise.
        split: Likewise.
        spec: The job's spec as the server completed it; None where nothing was submitted.
        skipped: Why there is no report; None where there is one.
        report: The job's stored report.
        trainings: Its final trainings, those of the last look that was taken.
    """

    name: str
    task: str
    kernel_size: int
    split: str
    spec: Mapping[str, Any] | None = None
    skipped: str | None = None
    report: Mapping[str, Any] | None = None
    trainings: Sequence[FinalTraining] = ()


@dataclass(frozen=True, slots=True)
class EvidenceRun:
    """A run of the protocol.

    Attributes:
        mode: "quick" or "full".
        machine: Processor and cores, for people.
        versions: Of all code that determines a training's result, by name.
        cells: In the protocol's order.
    """

    mode: str
    machine: str
    versions: Mapping[str, Any]
    cells: Sequence[CellRecord]

    @property
    def ended(self) -> list[CellRecord]:
        """The cells whose job has a report with an answer."""
        return [cell for cell in self.cells if (cell.report or {}).get("answer")]


def skipped(cell: Cell, reason: str, spec: Mapping[str, Any] | None = None) -> CellRecord:
    """Return the record of a cell that has no report."""
    return CellRecord(cell.name, cell.task, cell.kernel_size, cell.split, spec, reason)


def record_of(cell: Cell, job: Mapping[str, Any], trials: Iterable[TrialAnswer]) -> CellRecord:
    """Return the record of a cell whose job has ended.

    Args:
        cell: The cell.
        job: The server's answer, with its report.
        trials: The job's trials of the phase "evaluation".
    """
    report = job["report"]
    looks = (report.get("answer") or {}).get("looks") or []
    n_seeds = looks[-1]["n_seeds"] if looks else None
    found = [
        _final(trial)
        for trial in trials
        if trial["number"] is not None and (n_seeds is None or trial["number"] < n_seeds)
    ]
    return CellRecord(
        cell.name,
        cell.task,
        cell.kernel_size,
        cell.split,
        spec=job["spec"],
        report=report,
        trainings=sorted(found, key=lambda own: (own.arm, own.seed)),
    )


def _final(trial: TrialAnswer) -> FinalTraining:
    loss, metrics = trial["value"], trial["metrics"] or {}
    state = COUNTED
    if trial["is_diverged"]:
        state = DIVERGED
    elif loss is None or trial["state"] != "COMPLETED":
        state = FAILED
    elif is_no_gain(loss, metrics):
        state = NOTHING
    return FinalTraining(
        trial["study"], trial["number"] or 0, state, loss, trial["training_s"], dict(metrics)
    )


def save(run: EvidenceRun, path: Path) -> None:
    """Write a run as JSON."""
    run_files.save(asdict(run), VERSION, path)


def load(path: Path) -> EvidenceRun:
    """Read what `save` wrote; raises as `run_files.load`."""
    found = run_files.load(VERSION, path)
    cells = [
        CellRecord(**{**cell, "trainings": [FinalTraining(**own) for own in cell["trainings"]]})
        for cell in found.pop("cells")
    ]
    return EvidenceRun(**found, cells=cells)


def kept(run: EvidenceRun, path: Path) -> list[CellRecord]:
    """Return the cells with a report of an earlier run, if a run may go on with them.

    They are of another run, and none is kept, where mode, machine or a version differs.
    """
    try:
        earlier = load(path)
    except (OSError, ValueError):
        return []
    if replace(earlier, cells=run.cells) != run:
        return []
    return [cell for cell in earlier.cells if cell.report is not None]


COLUMNS = ("cell", "task", "kernel_size", "arm", "seed", "state", "loss", "training_s")


def save_losses(run: EvidenceRun, path: Path) -> None:
    """Write all losses, a line for each final training, with the metrics that tasks have."""
    known = {n for cell in run.cells for own in cell.trainings for n in own.metrics}
    names = sorted(known - {*COLUMNS})
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([*COLUMNS, *names])
        rows.writerows(_lines(run, names))


def _lines(run: EvidenceRun, names: Sequence[str]) -> Iterator[list[object]]:
    for cell in run.cells:
        for own in cell.trainings:
            metrics = [own.metrics.get(name, "") for name in names]
            yield [
                *(cell.name, cell.task, cell.kernel_size, own.arm, own.seed, own.state),
                *("" if value is None else value for value in (own.loss, own.training_s)),
                *metrics,
            ]
