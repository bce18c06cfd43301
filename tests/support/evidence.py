"""A small recorded run of the evidence, and cells made here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.evidence import records
from api.evidence.records import COUNTED, CellRecord, EvidenceRun, FinalTraining
from tests.support.root import ROOT

# Of five cells of two epochs; the data of two were not there.
RECORDED = ROOT / "tests" / "assets" / "evidence" / "records.json"


def recorded() -> EvidenceRun:
    return records.load(RECORDED)


def cell(
    losses: Mapping[str, Sequence[float]],
    *,
    name: str = "made-k3",
    split: str = "made",
    kernel_size: int = 3,
    report: Mapping[str, Any] | None = None,
    **metrics: Mapping[str, Sequence[float]],
) -> CellRecord:
    """Return a cell with these losses of each arm by seed, and metrics likewise."""
    trainings = [
        FinalTraining(
            arm,
            seed,
            COUNTED,
            loss,
            1.0,
            {key: values[arm][seed] for key, values in metrics.items() if arm in values},
        )
        for arm, own in losses.items()
        for seed, loss in enumerate(own)
    ]
    return CellRecord(name, "made", kernel_size, split, report=report, trainings=trainings)
