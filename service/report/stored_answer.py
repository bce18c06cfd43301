"""The answer in a stored report, of any version; a report without a question has none."""

from __future__ import annotations

from service.records import Json

# The density was compared with a network whose learning rate was not tuned alone: whatever the
# losses say, a better rate may do as much.
NOT_JUDGED = "not judged"
# What holds all the same.
_HOLDS = ("none found", "less reliable")


def answer_in(report: Json | None) -> Json:
    """Return the answer of a job's report, {} where there is none."""
    found: Json = (report or {}).get("answer") or {}
    return found


def outcome_in(report: Json | None) -> str | None:
    """Return the answer in a word or two: a `service.report.primary.Outcome`, or `NOT_JUDGED`."""
    answer = answer_in(report)
    found: str | None = answer.get("outcome")
    is_tuned = answer.get("question", {}).get("is_rate_tuned", True)
    return found if found is None or is_tuned or found in _HOLDS else NOT_JUDGED


def effect_in(report: Json | None) -> Json | None:
    """Return the last look's `service.report.effects.Effect` as plain values."""
    looks = answer_in(report).get("looks") or [{}]
    found: Json | None = looks[-1].get("effect")
    return found
