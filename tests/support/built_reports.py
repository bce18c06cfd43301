"""Shared by tests: the report of arms and trials made by hand, and its rows."""

from __future__ import annotations

import json
from typing import Any

from api.schemas.reports import ReportOut
from service.report import build_report
from tests.support.report_records import Log


def report_of(log: Log) -> dict[str, Any]:
    """Build a report, which must be JSON of the type that the API promises."""
    report = build_report(log.resolved, log.arms(), log.trials)
    sent = json.loads(json.dumps(report, allow_nan=False))
    assert ReportOut.model_validate(sent).model_dump(exclude_unset=True) == sent
    return report


def row_of(report: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the row of an arm."""
    found: dict[str, Any] = next(row for row in report["arms"] if row["name"] == name)
    return found
