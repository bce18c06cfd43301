"""The answer in a stored report, of any version; a report without a question has none."""

from __future__ import annotations

from service.records import Json


def answer_in(report: Json | None) -> Json:
    """Return the answer of a job's report, {} where there is none."""
    found: Json = (report or {}).get("answer") or {}
    return found


def outcome_in(report: Json | None) -> str | None:
    """Return the answer in a word or two, as `service.report.primary.Outcome`."""
    found: str | None = answer_in(report).get("outcome")
    return found


def effect_in(report: Json | None) -> Json | None:
    """Return the last look's `service.report.effects.Effect` as plain values."""
    looks = answer_in(report).get("looks") or [{}]
    found: Json | None = looks[-1].get("effect")
    return found
