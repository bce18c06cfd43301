"""Shared by tests: finished jobs whose reports hold a decision, stored as they are."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from service.report.decision import Basis, decide
from service.report.search_cost import SearchCost
from service.states import JobState
from service.storage.database import Database
from service.storage.tables import JobRow
from service.validation import parse
from tests.support.specs import PHOTOS

START = datetime(2026, 1, 1, tzinfo=UTC)
COMMON: dict[str, Any] = {
    "task": "denoising", "kernel_sizes": (3,), "test_split": "photos", "arm": "density_tuned",
    "against": "uniform_tuned", "outcome": "better", "is_rate_tuned": True, "n": 5, "n_seeds": 5,
    "n_arms": 4, "unit": "ratio", "mean": -0.05, "spread": 0.02, "noise": 0.02,
}  # fmt: skip


def finished(database: Database, hour: int, **changes: Any) -> int:
    """Store a job that was finished so many hours after `START`; changes are to its basis."""
    basis = Basis(**COMMON | changes)
    decision = decide(basis, 0.01, SearchCost(8, 8.0, 80.0)).to_dict() | {"basis": asdict(basis)}
    report: dict[str, Any] = {
        "arms": [],
        "best_arm": None,
        "verdict": "",
        "n_seeds": 5,
        "decision": decision,
    }
    at = START + timedelta(hours=hour)
    row = JobRow(
        name=f"{basis.test_split} {hour}",
        state=JobState.SUCCEEDED,
        spec=parse.parse(PHOTOS).model_dump(mode="json"),
        report=report | {"decision": decision},
        lease_fence=0,
        created_at=START,
        finished_at=at,
    )
    with database.write() as session:
        session.add(row)
        session.flush()
        return row.id
