"""Which trials were proposed by the value that stood for a failed one."""

from __future__ import annotations

from typing import cast

import pytest

from service.jobs.retry_choice import proposed_by
from service.records import TrialOutline
from service.states import Phase, TrialState
from service.studies.resolved import ResolvedSpec
from tests.support import searched

NO_ROUNDS = cast("ResolvedSpec", None)  # these samplers have none


def outlines(*numbers: int | None) -> list[TrialOutline]:
    return [
        TrialOutline(trial_id, 4, Phase.SEARCH, number, TrialState.COMPLETED)
        for trial_id, number in enumerate(numbers)
    ]


@pytest.mark.parametrize(
    ("sampler", "failed", "gone"),
    [
        ("random", 2, set()),  # no value decides on a point
        ("direct_l", 2, {3, 4, 5}),  # what comes after it in the sequence, or was run ahead
        ("direct_l", 4, {5}),
        ("direct_l", 9, set()),  # not among them
    ],
)
def test_what_depended_on_a_failed_trial_goes(sampler: str, failed: int, gone: set[int]) -> None:
    study = searched.study(sampler)
    mine = outlines(0, 1, 2, 3, 4, None)
    found = proposed_by(NO_ROUNDS, study, mine, {failed})
    assert {trial.id for trial in found} == gone
