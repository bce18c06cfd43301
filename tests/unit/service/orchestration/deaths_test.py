"""How many deaths, of which kind, make a trial FAILED."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from service.orchestration import deaths
from service.orchestration.messages import Ending
from service.records import Json


def told(endings: Iterable[Ending], max_attempts: int) -> tuple[Json | None, int]:
    """Return the last `error` and after how many tries the trial is FAILED, 0 for never."""
    error: Json | None = None
    for n, ending in enumerate(endings, start=1):
        error = deaths.after(error, ending, "its worker died", max_attempts)
        if deaths.verdict(error, max_attempts):
            return error, n
    return error, 0


@pytest.mark.parametrize("max_attempts", [1, 3])
def test_a_trial_is_to_blame_after_as_many_deaths_alone_as_in_company(max_attempts: int) -> None:
    error, n_tries = told([Ending.CRASHED] * 100, max_attempts)
    assert n_tries == 2 * max_attempts
    assert error == {
        "detail": "its worker died",
        "n_died": 2 * max_attempts,
        "n_died_alone": max_attempts,
    }


def test_it_runs_alone_from_the_death_on_that_could_have_been_the_last() -> None:
    error: Json | None = None
    alone = []
    for _ in range(5):
        alone.append(deaths.is_isolated(error, 3))
        error = deaths.after(error, Ending.CRASHED, "", 3)
    assert alone == [False, False, False, True, True]


def test_what_ray_ended_is_never_the_trials_fault_but_has_an_end() -> None:
    assert told([Ending.LOST] * 29, 3)[1] == 0
    assert told([Ending.LOST] * 100, 3)[1] == 30
    # After kills by the memory monitor among others it gets a node to itself, and ends there.
    assert told([Ending.LOST] * 3 + [Ending.CRASHED] * 2, 3)[1] == 0
    assert told([Ending.LOST] * 3 + [Ending.CRASHED] * 3, 3)[1] == 6


def test_what_its_place_failed_runs_alone_from_then_on_and_is_not_to_blame() -> None:
    error = deaths.after(None, Ending.DISPLACED, "the GPU was full", 3)
    assert deaths.is_isolated(error, 3)
    error = deaths.after(error, Ending.ERROR, "it is full again", 3)
    assert deaths.is_isolated(error, 3)
    assert deaths.verdict(error, 3) is None
    assert told([Ending.DISPLACED] * 29, 3)[1] == 0
    assert told([Ending.DISPLACED] * 100, 3)[1] == 30
    # Deaths alone count, though it was not isolated by deaths.
    assert told([Ending.DISPLACED, *[Ending.CRASHED] * 3], 3)[1] == 4


def test_exceptions_and_cancellations_are_no_deaths() -> None:
    error, n_tries = told([Ending.ERROR, Ending.CANCELLED] * 50, 3)
    assert (error, n_tries) == ({"detail": "its worker died"}, 0)
    assert told([Ending.CRASHED, Ending.ERROR] * 6, 3)[1] == 11  # and do not forget deaths


def test_the_verdict_names_the_cause_and_the_counts() -> None:
    error, _ = told([Ending.CRASHED] * 6, 3)
    assert error is not None
    assert deaths.verdict(error, 3) == (
        "its worker died; 6 attempts were lost, "
        "3 of these by a death while the trial was alone on its node"
    )
