"""Searches that ended before their budget of trials was spent: after how many, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.records import Json
from service.states import LIMITS, REASONS
from service.studies.study_run import StudyRun


def stopped_of(arms: Iterable[StudyRun]) -> list[Json]:
    """Return a row for each study that ended early: ``study``, ``n_trials``, ``by``."""
    return [
        {
            "study": arm.record.name,
            "n_trials": arm.record.stopped_at,
            "n_planned": arm.record.n_trials,
            "by": arm.record.stopped_by,
        }
        for arm in arms
        if arm.record.stopped_by is not None
    ]


def stopped_in_words(stopped: Sequence[Json]) -> list[str]:
    """Return sentences on the searches that a limit of time, cost or memory ended."""
    by_limit = {limit: [row for row in stopped if row["by"] == limit] for limit in LIMITS}
    return [_sentence(limit, ended) for limit, ended in by_limit.items() if ended]


def _sentence(limit: str, ended: Sequence[Json]) -> str:
    each = ", ".join(f"{row['study']} after {row['n_trials']} trials" for row in ended)
    return (
        f"Ended early because {REASONS[limit]}: {each}. These numbers depend on the clock and the "
        "machine; a job with that n_trials repeats the search."
    )
