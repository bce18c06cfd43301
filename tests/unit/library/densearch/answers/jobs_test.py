"""The words of a job's answer against those of the service."""

from __future__ import annotations

from typing import get_args

from densearch.answers import jobs
from service import states


def test_the_words_are_those_of_the_service() -> None:
    assert get_args(jobs.JobState) == tuple(states.JobState)
    assert get_args(jobs.Role) == tuple(states.Role)
