"""Ranges of the settings of a job's trials."""

from __future__ import annotations

from service.spec import Choices, JobSpec


def largest(spec: JobSpec, name: str) -> int:
    """Return the largest value of an integer setting in any trial.

    Args:
        spec: Of a job that trains.
        name: Of a setting of its training, or of one that it searches.
    """
    wanted = spec.search.get(name)
    if wanted is None:
        return int(getattr(spec.training, name))
    ends = wanted.choices if isinstance(wanted, Choices) else [wanted.high]
    return max(int(value) for value in ends)
