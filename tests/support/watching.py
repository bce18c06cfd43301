"""A job as the command `watch` knows it: its polls and its events."""

from __future__ import annotations

from typing import Any

from densearch.cli.job_progress import Watched
from densearch.client.client import Event

JOB: dict[str, Any] = {
    "id": 4,
    "name": "[b]photos",
    "state": "RUNNING",
    "spec": {"training": {"epochs": 4}},
    "progress": {"n_evaluations": 6, "n_evaluations_finished": 2, "eta_s": 65.0},
    "best": {"value": 0.25, "study": "tpe"},
}


def study(name: str, number: int, **changes: Any) -> dict[str, Any]:
    """Return a study with 3 of 12 trials finished, as REST shows it."""
    base = {"id": number, "name": name, "n_trials": 12, "n_finished": 3, "is_finished": False}
    return {**base, "best_value": None, **changes}


def trial(number: int, state: str, *, cached: bool = False, phase: str = "search") -> Event:
    """Return the event of a trial of study 1."""
    data = {"id": number, "study_id": 1, "phase": phase, "state": state, "cached": cached}
    return Event(number, "trial", data)


def watched(*studies: dict[str, Any], **changes: Any) -> Watched:
    """Return a watched job that was polled once."""
    made = Watched({**JOB, **changes})
    made.poll(made.job, studies)
    return made
