"""A trial as the REST API and the pages show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from densearch.answers import ErrorAnswer, TrialAnswer
from service.records import Job, Json, Study, Trial
from service.storage.columns import decoded
from service.studies.study_run import is_run_ahead, is_speculation


def answer_of(trial: Trial, study: Study, device: str) -> TrialAnswer:
    """Return a trial in the shape that the library defines: plain JSON, field by field.

    Args:
        trial: Any.
        study: Its own.
        device: See `device_of`.
    """
    derived = {
        "study": study.name,
        "sampler": study.sampler,
        "speculative": is_speculation(trial),
        "cached": trial.cached_from is not None,
        "device": device,
        "attempts": trial.n_attempts,
        "error": _error(trial.error),
    }
    shown = {
        name: derived[name] if name in derived else _plain(getattr(trial, name))
        for name in TrialAnswer.__annotations__
    }
    return cast("TrialAnswer", shown)


# The fields of trials that the columns of their answers are made of.
STORED = (
    *("id", "job_id", "study_id", "phase", "number", "state", "certainty", "point", "params"),
    *("value", "metrics", "curve", "learned", "is_diverged", "cached_from", "training_s"),
    *("peak_memory_bytes", "n_attempts", "error", "queued_at", "started_at", "finished_at"),
)


def columns_of(
    found: Mapping[str, Sequence[Any]], job: Job, studies: Iterable[Study]
) -> dict[str, Sequence[Any]]:
    """Return the fields of many trials' answers by column, as `answer_of` has them for one.

    Args:
        found: The fields `STORED`, or some of them, as `service.storage.trial_columns` reads them.
        job: Of the trials.
        studies: All of the job.

    Returns:
        The fields in the order of the answer, but for those that are made of nothing in `found`;
        JSON as it is stored (`service.storage.columns`), but for `error`.
    """
    by_id = {study.id: study for study in studies}
    own = [by_id[study_id] for study_id in found["study_id"]]
    fates = zip(found["certainty"], found["number"], found["phase"], strict=True)
    derived: Mapping[str, Sequence[Any]] = {
        "study": [study.name for study in own],
        "sampler": [study.sampler for study in own],
        "speculative": [is_run_ahead(*fate) for fate in fates],
        "cached": [trial_id is not None for trial_id in found["cached_from"]],
        "device": [device_of(job)] * len(own),
        "attempts": found["n_attempts"],
        "error": [_error(stored) for stored in decoded(found["error"])],
    }
    known = {**found, **derived}
    return {name: known[name] for name in TrialAnswer.__annotations__ if name in known}


def device_of(job: Job) -> str:
    """Return what a job trains on."""
    n_gpus = job.spec["resources"]["gpus_per_trial"]  # read as it is stored, by any version
    return "cuda" if n_gpus > 0 else "cpu"


def _error(stored: Json | None) -> ErrorAnswer | None:
    if not stored:
        return None
    return {"title": stored.get("title"), "detail": str(stored.get("detail") or stored)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of a trial
    return value.isoformat() if isinstance(value, datetime) else value
