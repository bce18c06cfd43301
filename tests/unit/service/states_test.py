from __future__ import annotations

import pytest

from service.errors import IllegalTransitionError
from service.states import (
    JOB_TRANSITIONS,
    TRIAL_TRANSITIONS,
    JobState,
    TrialState,
    check_job_transition,
    check_trial_transition,
)


def test_every_state_has_its_row_and_final_ones_lead_nowhere() -> None:
    assert set(JOB_TRANSITIONS) == set(JobState)
    assert set(TRIAL_TRANSITIONS) == set(TrialState)
    finals = {"SUCCEEDED", "FAILED", "CANCELLED"}
    assert {s.value for s in JobState if s.is_final} == finals
    finals = {"COMPLETED", "PRUNED", "FAILED", "CANCELLED"}
    assert {s.value for s in TrialState if s.is_final} == finals


def test_every_state_can_be_reached_and_every_open_one_can_be_cancelled() -> None:
    reached = {new for targets in JOB_TRANSITIONS.values() for new in targets}
    assert reached | {JobState.QUEUED} == set(JobState)
    assert all(JobState.CANCELLED in JOB_TRANSITIONS[s] for s in JobState if not s.is_final)
    reached_trials = {new for targets in TRIAL_TRANSITIONS.values() for new in targets}
    assert reached_trials == set(TrialState)


@pytest.mark.parametrize(
    ("old", "new"),
    [("SUCCEEDED", "RUNNING"), ("CANCELLED", "PAUSED"), ("QUEUED", "SUCCEEDED")],
)
def test_an_illegal_move_of_a_job_is_refused(old: str, new: str) -> None:
    with pytest.raises(IllegalTransitionError, match=f"{old} cannot become {new}"):
        check_job_transition(JobState(old), JobState(new))


def test_a_lost_attempt_sends_its_trial_back_and_a_result_is_for_ever() -> None:
    check_trial_transition(TrialState.RUNNING, TrialState.WAITING)
    check_trial_transition(TrialState.WAITING, TrialState.COMPLETED)  # from the cache
    with pytest.raises(IllegalTransitionError):
        check_trial_transition(TrialState.COMPLETED, TrialState.RUNNING)
