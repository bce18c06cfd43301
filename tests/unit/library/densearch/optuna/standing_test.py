"""What each kind of trial counts, and what a study of many says, whatever the order is."""

from __future__ import annotations

import math

import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from densearch.optuna.claims import ATTRIBUTE, Claim, StudySpace
from densearch.optuna.distributions import digest_of, space_of
from densearch.optuna.standing import Rules, standing_of

GIVEN = {"x": FloatDistribution(0.0, 4.0)}
SPACE = StudySpace(digest_of(GIVEN), space_of(GIVEN))
RULES = Rules(sign=1.0, failed_value=99.0, n_attempts=2)


def trial(
    number: int,
    state: TrialState,
    x: float | None,
    value: float | None = None,
    attrs: dict[str, object] | None = None,
) -> FrozenTrial:
    made = create_trial(
        state=state,
        values=None if value is None else [value],
        params={} if x is None else {"x": x},
        distributions={} if x is None else dict(GIVEN),
        system_attrs=attrs or {},
    )
    made.number = number
    return made


@pytest.mark.parametrize(
    ("state", "value", "counts"),
    [
        (TrialState.COMPLETE, 3.0, 3.0),
        (TrialState.COMPLETE, math.inf, 99.0),
        (TrialState.COMPLETE, -math.inf, 99.0),
        (TrialState.COMPLETE, -1e305, -1e300),
        (TrialState.PRUNED, 3.0, 3.0),
        (TrialState.PRUNED, None, 99.0),
        (TrialState.FAIL, None, None),
        (TrialState.RUNNING, None, None),
        (TrialState.WAITING, None, None),
    ],
)
def test_a_trial_counts(state: TrialState, value: float | None, counts: float | None) -> None:
    found = standing_of([trial(0, state, 1.0, value)], SPACE, RULES)
    assert found.values == ({} if counts is None else {(1.0,): counts})
    is_open = state in (TrialState.RUNNING, TrialState.WAITING)
    assert found.held == ({(1.0,)} if is_open else set())


def test_what_is_maximised_is_turned_round_and_a_failure_is_not() -> None:
    trials = [trial(0, TrialState.COMPLETE, 1.0, 3.0), trial(1, TrialState.PRUNED, 2.0)]
    found = standing_of(trials, SPACE, Rules(sign=-1.0, failed_value=99.0, n_attempts=2))
    assert found.values == {(1.0,): -3.0, (2.0,): 99.0}


def test_the_first_with_a_value_counts_and_failures_are_counted() -> None:
    trials = [
        trial(0, TrialState.FAIL, 1.0),
        trial(1, TrialState.FAIL, 1.0),
        trial(2, TrialState.COMPLETE, 1.0, 5.0),
        trial(3, TrialState.COMPLETE, 1.0, 6.0),
        trial(4, TrialState.FAIL, 2.0),
        trial(5, TrialState.FAIL, 2.0),
        trial(6, TrialState.FAIL, 3.0),
    ]
    found = standing_of(reversed(trials), SPACE, RULES)
    assert found.values == {(1.0,): 5.0, (2.0,): 99.0}
    assert {place: source.number for place, source in found.sources.items()} == {
        (1.0,): 2,
        (2.0,): 5,
    }


def test_a_claim_holds_until_the_parameters_say_otherwise() -> None:
    claim: dict[str, object] = {ATTRIBUTE: Claim(SPACE.digest, (0.5,)).to_dict()}
    running = TrialState.RUNNING
    assert standing_of([trial(0, running, None, attrs=claim)], SPACE, RULES).held == {(2.0,)}
    assert standing_of([trial(0, running, 1.0, attrs=claim)], SPACE, RULES).held == {(1.0,)}
    ended = standing_of([trial(0, TrialState.COMPLETE, 2.0, 7.0, claim)], SPACE, RULES)
    assert ended.points == {(2.0,): (0.5,)}
    enqueued = trial(0, TrialState.WAITING, None, attrs={"fixed_params": {"x": 3.0}})
    assert standing_of([enqueued], SPACE, RULES).held == {(3.0,)}


@pytest.mark.parametrize(
    "noted", ["x", {}, {"space": SPACE.digest}, {"space": SPACE.digest, "point": [1.5]}]
)
def test_a_note_of_another_kind_is_no_claim(noted: object) -> None:
    assert SPACE.claim_of(trial(0, TrialState.RUNNING, None, attrs={ATTRIBUTE: noted})) is None
