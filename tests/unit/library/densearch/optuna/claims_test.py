"""Two trials at one point: which of them keeps it."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState

from densearch.optuna import claims
from densearch.optuna.claims import Claim, StudySpace, is_ours, note
from densearch.optuna.distributions import digest_of, space_of

GIVEN = {"x": FloatDistribution(0.0, 4.0)}
SPACE = StudySpace(digest_of(GIVEN), space_of(GIVEN))
CLAIM = Claim(SPACE.digest, (0.5,))
KEPT = Claim(SPACE.digest, (0.5,), is_kept=True)


def two_trials() -> tuple[optuna.Study, FrozenTrial, FrozenTrial]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler())
    study.ask()
    study.ask()
    first, second = study.get_trials()
    return study, first, second


def test_of_two_at_once_the_lower_number_keeps_the_point(monkeypatch: pytest.MonkeyPatch) -> None:
    study, first, second = two_trials()
    note(study, first, CLAIM)
    note(study, second, CLAIM)
    assert not is_ours(study, second, SPACE, CLAIM)

    def moves_on(_: float) -> None:  # the higher one, while the lower one waits
        note(study, second, Claim(SPACE.digest, (0.25,)))

    monkeypatch.setattr(claims, "sleep", moves_on)
    assert is_ours(study, first, SPACE, CLAIM)


def test_what_a_higher_number_keeps_the_lower_one_leaves() -> None:
    study, first, second = two_trials()
    note(study, second, KEPT)
    note(study, first, CLAIM)
    assert not is_ours(study, first, SPACE, CLAIM)


def test_one_that_never_decides_is_waited_for_no_longer_than_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study, first, second = two_trials()
    note(study, second, CLAIM)
    note(study, first, CLAIM)
    clock = iter([0.0, 0.0, 1.0, claims.PATIENCE_S + 1.0])
    monkeypatch.setattr(claims, "monotonic", lambda: next(clock))
    monkeypatch.setattr(claims, "sleep", lambda _: None)
    assert is_ours(study, first, SPACE, CLAIM)


def test_a_failed_trial_and_another_space_are_no_rivals() -> None:
    study, first, second = two_trials()
    note(study, first, Claim("of another space", (0.5,), is_kept=True))
    note(study, second, CLAIM)
    assert is_ours(study, second, SPACE, CLAIM)
    note(study, first, KEPT)
    assert not is_ours(study, second, SPACE, CLAIM)
    study.tell(first.number, state=TrialState.FAIL)
    assert is_ours(study, second, SPACE, CLAIM)


@pytest.mark.parametrize("x", [-0.1, 1.5, float("nan"), float("inf"), 10**400, "0.5", None])
def test_a_note_of_no_point_is_no_claim(x: Any) -> None:  # noqa: ANN401 - what a storage holds
    study, first, _ = two_trials()
    noted = {"space": SPACE.digest, "point": [x]}
    study._storage.set_trial_system_attr(first._trial_id, claims.ATTRIBUTE, noted)
    assert SPACE.claim_of(study.get_trials()[0]) is None
