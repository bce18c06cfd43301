"""A trial as the REST API and the pages show it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from densearch.answers import ErrorAnswer, TrialAnswer
from service.records import Job, Json, Study, Trial
from service.studies.study_run import is_speculation


def answer_of(trial: Trial, job: Job, study: Study) -> TrialAnswer:
    """Return a trial in the shape that the library defines: plain JSON, field by field."""
    n_gpus = job.spec["resources"]["gpus_per_trial"]  # read as it is stored, by any version
    derived = {
        "study": study.name,
        "sampler": study.sampler,
        "speculative": is_speculation(trial),
        "cached": trial.cached_from is not None,
        "device": "cuda" if n_gpus > 0 else "cpu",
        "attempts": trial.n_attempts,
        "error": _error(trial.error),
    }
    shown = {
        name: derived[name] if name in derived else _plain(getattr(trial, name))
        for name in TrialAnswer.__annotations__
    }
    return cast("TrialAnswer", shown)


def _error(stored: Json | None) -> ErrorAnswer | None:
    if not stored:
        return None
    return {"title": stored.get("title"), "detail": str(stored.get("detail") or stored)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of a trial
    return value.isoformat() if isinstance(value, datetime) else value
