"""Searches that ended before their budget of trials was spent: after how many, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.records import Json, Study
from service.states import ASKING, LIMITS, REASONS
from service.studies.study_run import StudyRun


def stopped_of(arms: Iterable[StudyRun]) -> list[Json]:
    """Return a row for each study that ended early.

    Its keys are ``study``, ``n_trials``, ``n_planned`` and ``by``; ``fault`` says how its sampler
    failed, where it did.
    """
    return [_row(arm.record) for arm in arms if arm.record.stopped_by is not None]


def _row(study: Study) -> Json:
    row: Json = {
        "study": study.name,
        "n_trials": study.stopped_at,
        "n_planned": study.n_trials,
        "by": study.stopped_by,
    }
    return row if study.fault is None else row | {"fault": study.fault}


def stopped_in_words(stopped: Sequence[Json]) -> list[str]:
    """Return sentences on the searches that a limit of time, cost or memory ended."""
    by_limit = {limit: [row for row in stopped if row["by"] == limit] for limit in LIMITS}
    return [_sentence(limit, ended) for limit, ended in by_limit.items() if ended]


def _sentence(limit: str, ended: Sequence[Json]) -> str:
    each = ", ".join(f"{row['study']} after {row['n_trials']} trials" for row in ended)
    if limit == ASKING:
        why = "; ".join(f"{row['study']}: {row['fault']}" for row in ended if "fault" in row)
        return (
            f"Ended early because {REASONS[limit]}: {each}{f' ({why})' if why else ''}. The other "
            "arms are not affected; once the cause is removed, retry-failed goes on with the "
            "search."
        )
    return (
        f"Ended early because {REASONS[limit]}: {each}. These numbers depend on the clock and the "
        "machine; a job with that n_trials repeats the search."
    )
