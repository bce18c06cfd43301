"""What trainings took, summed up: the judgement of the test split belongs to the evaluation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.costs.training_cost import TrainingCost, cost_of_trials
from service.records import Trial
from service.states import Phase, TrialState

AT = datetime(2026, 1, 1, tzinfo=UTC)


def trial(number: int, phase: Phase, elapsed_s: float) -> Trial:
    """A training of four epochs that took 8 s, and the rest before and after them."""
    return Trial(
        id=number, job_id=1, study_id=1, phase=phase, number=number, state=TrialState.COMPLETED,
        certainty="certain", point=[], params={}, digest=str(number), payload={"training": {}},
        seed=0, value=1.0, is_diverged=False, metrics=None, curve=[1.0] * 4, learned=None,
        training_s=8.0, cached_from=None, n_attempts=1, error=None, queued_at=AT, started_at=AT,
        finished_at=AT + timedelta(seconds=elapsed_s),
    )  # fmt: skip


def test_the_test_split_is_what_an_evaluation_takes_more() -> None:
    searched = [trial(number, Phase.SEARCH, 9.0) for number in range(3)]
    tested = [trial(number, Phase.EVALUATION, 39.0) for number in range(3, 6)]
    found = cost_of_trials([*searched, *tested])
    assert found is not None
    assert (found.n, found.epoch_s) == (6, (2.0, 2.0, 2.0))
    assert (found.start_s, found.test_s) == pytest.approx((1.0, 30.0))
    assert TrainingCost.from_json(found.to_json()) == found


@pytest.mark.parametrize("phase", [Phase.SEARCH, Phase.EVALUATION])
def test_of_one_phase_all_is_around_the_epochs(phase: Phase) -> None:
    found = cost_of_trials([trial(number, phase, 11.0) for number in range(3)])
    assert found is not None
    assert (found.start_s, found.test_s) == pytest.approx((3.0, 0.0))


def test_a_cost_of_an_earlier_version_can_be_read() -> None:
    stored = TrainingCost(1.0, (1.0, 2.0, 3.0), 0.5, n=3).to_json()
    del stored["test_s"]
    assert TrainingCost.from_json(stored).test_s == 0.0
