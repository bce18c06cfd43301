"""What a run needs from its dispatcher follows from its state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from service import clock
from service.orchestration.run import Needs
from service.states import WALL_CLOCK, JobState, TrialState
from tests.support.runs import run_of


@pytest.mark.parametrize(
    ("state", "wants_workers", "wants_idle_workers"),
    [
        (JobState.QUEUED, False, False),
        (JobState.RUNNING, True, True),
        (JobState.PAUSED, False, False),
        (JobState.EVALUATING, True, False),
        (JobState.CANCELLED, False, False),
    ],
)
def test_workers_are_wanted_for_what_waits_in_an_active_job(
    state: JobState, *, wants_workers: bool, wants_idle_workers: bool
) -> None:
    run, log = run_of(state)
    assert not run.needs.wants_workers  # it has no trial yet
    run.log.add(log.trial("random", 0, None, state=TrialState.WAITING), is_new=False)
    run.assess()
    assert run.needs == Needs(
        has_more=False,
        is_unsized=False,
        wants_workers=wants_workers,
        wants_idle_workers=wants_idle_workers,
    )


def test_no_idle_worker_is_wanted_without_guesses_or_before_packs_have_a_width() -> None:
    run, _ = run_of()
    run.assess(has_more=True, is_unsized=True)
    assert (run.needs.has_more, run.needs.is_unsized) == (True, True)
    assert not run.needs.wants_idle_workers
    run.has_guesses = False
    run.assess()
    assert not run.needs.wants_idle_workers


def test_a_run_is_overdue_once_and_only_while_it_searches() -> None:
    run, _ = run_of(budget={"n_trials": 1, "wall_clock_s": 10.0})
    since = clock.now() - timedelta(seconds=11)
    run.job = replace(run.job, working_since=since)
    assert (run.is_overdue, run.exceeded_limit()) == (True, WALL_CLOCK)
    run.out_of = WALL_CLOCK
    assert not run.is_overdue
    run.out_of, run.job = None, replace(run.job, state=JobState.EVALUATING)
    assert not run.is_overdue


@pytest.mark.parametrize(("asked", "width"), [(1, 1), (4, 4), ("auto", 1)])
def test_packs_are_one_wide_until_their_width_is_measured(asked: int | str, width: int) -> None:
    run, _ = run_of(resources={"pack_width": asked})
    assert run.pack_width == width
