"""A sampler of another package is held to the contract at every ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from densearch.sampler import AxisKind, Entry, StudyPlan
from service import samplers
from service.extensions.entry_points import PluginError
from tests.support.plugged_samplers import USABLE, samplers_installed

STUDY = StudyPlan(2, 12, 0)


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with samplers_installed(tmp_path, monkeypatch):
        yield


def run(name: str, study: StudyPlan = STUDY, value: float = 0.5) -> list[Entry]:
    """Run a study to its end, a new instance for each ask, trials ending in order."""
    log: list[Entry] = []
    for _ in range(4 * study.n_trials):
        plan = samplers.create(name, study).plan(log)
        if plan.is_finished:
            return log
        log += [Entry(one.point, None, one.number) for one in plan.proposals]
        index = next(i for i, entry in enumerate(log) if entry.value is None)
        log[index] = Entry(log[index].point, value + index / 10, index)
    raise AssertionError("it does not end")


@pytest.mark.parametrize("name", USABLE)
def test_a_sampler_that_keeps_the_contract_runs_to_its_end(name: str) -> None:
    assert [entry.number for entry in run(name)] == list(range(12))


def test_discrete_coordinates_are_the_middles_of_their_shares() -> None:
    study = StudyPlan(2, 4, 0, axes=(AxisKind(4), AxisKind()), options={"step": 0.3})
    for entry, u in zip(run("ladder", study), (0.0, 0.3, 0.6, 0.9), strict=True):
        assert entry.point == pytest.approx((0.125 + 0.25 * int(4 * u), u))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("raising", "fails at planning: RuntimeError: no points today"),
        ("exiting", "fails at planning: SystemExit: 3"),
        ("outside", "(1.5, 0.0), which is no point of the unit cube of 2 coordinates"),
        ("shallow", "which is no point of the unit cube of 2 coordinates"),
        ("endless2", "which is no point of the unit cube of 2 coordinates"),
        ("dice", "an instance built from the log proposes other points"),
        ("mute", "it proposes nothing, and no trial is left to wait for"),
        ("strange", "which is no densearch.plugins.Plan"),
        ("late", "numbered in the order of issue"),
        ("greedy", "it proposes more than the 12 trials of its budget"),
        ("guessing", "numbered in the order of issue"),
        ("eager", "it issues rounds of 4, each once all trials of those before have ended"),
        ("over", "finished exactly when all trials of its budget have ended"),
        ("peeking", "an instance built from the log proposes other points"),
    ],
)
def test_a_sampler_that_breaks_the_contract_fails_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(PluginError) as caught:
        run(name)
    assert reason in str(caught.value)


def test_a_model_of_the_values_is_told_no_penalties() -> None:
    # It proposes a thousandth of the worst value that it knows of.
    (worst,) = {entry.point[0] for entry in run_diverging("model")[4:]}
    assert worst == pytest.approx(2.1e-3)
    unknown = replace(STUDY, penalty=None)
    assert {entry.point[0] for entry in run_diverging("model", unknown)[4:]} == {1.0}


def run_diverging(name: str, study: StudyPlan = STUDY) -> list[Entry]:
    """Run a study of which each third trial diverges, a new instance for each ask."""
    log: list[Entry] = []
    while not (plan := samplers.create(name, study).plan(log)).is_finished:
        for one in plan.proposals:
            value = (1.0, 2.0, 1000.0)[len(log) % 3]
            log.append(Entry(one.point, value, one.number))
    return log
