"""What a trainer is answered against the values that it is made of."""

from __future__ import annotations

from typing import get_args, get_type_hints

from densearch.answers import trainers
from densearch.client import work
from service.jobs.trainers import Reason, Standing


def test_the_words_are_those_of_the_server() -> None:
    reasons = get_type_hints(trainers.HeardAnswer)["reason"]
    assert set(get_args(get_args(reasons)[0])) == set(get_args(Reason))
    ends = get_type_hints(trainers.TrialEndAnswer)["outcome"]
    assert get_args(ends) == get_args(Standing) == get_args(work.Standing)
