"""The sampler against NLopt itself: any number of threads and processes, restarts, mixed axes."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nlopt
import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from densearch.optuna import DirectLSampler, UnsearchableParameterError
from tests.support.nlopt_runs import visited
from tests.support.root import ROOT

SPACE: dict[str, BaseDistribution] = {
    "alpha": FloatDistribution(0.0, 2.0),
    "beta": FloatDistribution(-1.0, 3.0),
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(level)


def valley(alpha: float, beta: float) -> float:
    return (alpha - 1.3) ** 2 + 2.0 * (beta - 0.2) ** 2


def objective(trial: optuna.Trial) -> float:
    return valley(trial.suggest_float("alpha", 0.0, 2.0), trial.suggest_float("beta", -1.0, 3.0))


def box(point: tuple[float, ...]) -> tuple[float, float]:
    return 0.0 + point[0] * 2.0, -1.0 + point[1] * 4.0


def visits(n_trials: int) -> list[tuple[float, float]]:
    run = visited(
        nlopt.GN_DIRECT_L, (0.5, 0.5), n_trials, lambda p: valley(*box(p)), magic_eps=1e-4
    )
    return [box(point) for point in run[:n_trials]]


def sampler_of(study: optuna.Study) -> DirectLSampler:
    assert isinstance(study.sampler, DirectLSampler)
    return study.sampler


def places(study: optuna.Study) -> list[tuple[float, float]]:
    sequence = sampler_of(study).sequence(study)
    return [(t.params["alpha"], t.params["beta"]) for t in sequence]


@pytest.mark.parametrize(
    ("n_jobs", "sign", "bound"), [(1, 1.0, None), (3, 1.0, 0.0), (3, -1.0, 0.0)]
)
def test_the_study_ends_with_the_sequence_of_nlopt(
    n_jobs: int, sign: float, bound: float | None
) -> None:
    sampler = DirectLSampler(SPACE, n_trials=40, bound=bound)
    direction = StudyDirection.MINIMIZE if sign == 1.0 else StudyDirection.MAXIMIZE
    study = optuna.create_study(sampler=sampler, direction=direction)
    study.optimize(lambda trial: sign * objective(trial), n_jobs=n_jobs)
    assert places(study) == visits(40)
    assert sampler.is_finished(study)
    if n_jobs == 1:
        assert len(study.trials) == 40


def test_processes_and_restarts_on_one_storage_share_the_sequence(tmp_path: Path) -> None:
    journal = tmp_path / "journal.log"
    # Each process is its own text: tests import no test.
    code = f"""
import optuna
from optuna.distributions import FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from densearch.optuna import DirectLSampler
optuna.logging.set_verbosity(optuna.logging.ERROR)
def objective(t):
    alpha, beta = t.suggest_float("alpha", 0.0, 2.0), t.suggest_float("beta", -1.0, 3.0)
    return (alpha - 1.3) ** 2 + 2.0 * (beta - 0.2) ** 2
space = {{"alpha": FloatDistribution(0.0, 2.0), "beta": FloatDistribution(-1.0, 3.0)}}
study = optuna.load_study(
    study_name="shared", storage=JournalStorage(JournalFileBackend({str(journal)!r})),
    sampler=DirectLSampler(space, n_trials=40),
)
study.optimize(objective, n_trials=12)
"""
    storage = JournalStorage(JournalFileBackend(str(journal)))
    sampler = DirectLSampler(SPACE, n_trials=40)
    study = optuna.create_study(study_name="shared", storage=storage, sampler=sampler)
    command = [sys.executable, "-c", code]
    env = {"PYTHONPATH": f"{ROOT / 'library'}:{ROOT}", "PATH": "/usr/bin:/bin"}
    running = [subprocess.Popen(command, env=env) for _ in range(2)]
    assert [process.wait(120) for process in running] == [0, 0]
    study.optimize(objective)  # a third process continues from the trials alone
    assert places(study) == visits(40)
    evaluated = [tuple(trial.params.values()) for trial in study.trials]
    assert len(set(evaluated)) == len(evaluated)  # no point twice
    assert sampler.is_finished(study)


def test_a_pickled_sampler_continues() -> None:
    study = optuna.create_study(sampler=DirectLSampler(SPACE, n_trials=20))
    study.optimize(objective, n_trials=9)
    study.sampler = pickle.loads(pickle.dumps(study.sampler))  # noqa: S301
    study.optimize(objective)
    assert places(study) == visits(20)


def test_without_a_space_the_first_trial_is_the_middle_and_gives_it() -> None:
    study = optuna.create_study(sampler=DirectLSampler(n_trials=20))
    study.optimize(objective)
    assert places(study) == visits(20)


def test_whole_numbers_steps_and_logarithms_follow_nlopt_on_the_cube() -> None:
    space: dict[str, BaseDistribution] = {
        "batch": IntDistribution(1, 4),
        "lr": FloatDistribution(1e-4, 1.0, log=True),
        "mix": FloatDistribution(0.0, 1.0, step=0.25),
        "width": IntDistribution(1, 16, log=True),
    }

    def value(batch: int, lr: float, mix: float, width: int) -> float:
        return (batch - 3) ** 2 + (math.log10(lr) + 1.7) ** 2 + mix + (width - 5) ** 2 / 9

    def of_cube(p: tuple[float, ...]) -> float:
        width = round(math.exp(math.log(0.5) + p[3] * math.log(33.0)))
        lr = math.exp(math.log(1e-4) * (1 - p[1]))
        return value(1 + min(int(4 * p[0]), 3), lr, 0.25 * min(int(5 * p[2]), 4), width)

    study = optuna.create_study(sampler=DirectLSampler(space, n_trials=60))

    def run(trial: optuna.Trial) -> float:
        return value(
            trial.suggest_int("batch", 1, 4),
            trial.suggest_float("lr", 1e-4, 1.0, log=True),
            trial.suggest_float("mix", 0.0, 1.0, step=0.25),
            trial.suggest_int("width", 1, 16, log=True),
        )

    study.optimize(run, n_jobs=2)
    found = [trial.value for trial in sampler_of(study).sequence(study)]
    run_values: list[float] = []

    def noted(point: tuple[float, ...]) -> float:
        run_values.append(of_cube(point))
        return run_values[-1]

    visited(nlopt.GN_DIRECT_L, (0.5,) * 4, 60, noted, magic_eps=1e-4)
    assert found == pytest.approx(run_values[:60], rel=1e-9)
    assert len(study.trials) < 60 + 5  # what NLopt visits twice is evaluated once


def test_a_point_enqueued_by_hand_stands_for_itself_and_changes_nothing() -> None:
    study = optuna.create_study(sampler=DirectLSampler(SPACE, n_trials=20))
    study.enqueue_trial({"alpha": 1.0, "beta": 1.0})  # the middle
    study.enqueue_trial({"alpha": 0.123, "beta": 0.5})
    study.enqueue_trial({"beta": 0.75})  # alpha is drawn
    study.optimize(objective)
    assert places(study) == visits(20)
    assert len(study.trials) == 22
    assert sampler_of(study).sequence(study)[0].number == 0


def test_a_failed_point_is_asked_again_and_at_last_counts_as_failed() -> None:
    wrong = visits(4)[3]
    tried: list[tuple[float, float]] = []

    def fails(trial: optuna.Trial) -> float:
        value = objective(trial)
        tried.append((trial.params["alpha"], trial.params["beta"]))
        return math.nan if tried[-1] == wrong else value

    study = optuna.create_study(sampler=DirectLSampler(SPACE, n_trials=20, failed_value=50.0))
    study.optimize(fails)
    assert tried.count(wrong) == 3

    def patched(point: tuple[float, ...]) -> float:
        return 50.0 if box(point) == wrong else valley(*box(point))

    run = visited(nlopt.GN_DIRECT_L, (0.5, 0.5), 20, patched, magic_eps=1e-4)
    assert places(study) == [box(point) for point in run[:20]]


def test_a_running_trial_keeps_its_point_until_it_is_told_to_have_failed() -> None:
    study = optuna.create_study(sampler=DirectLSampler(SPACE, n_trials=5))
    abandoned = study.ask(SPACE)
    study.optimize(objective, n_trials=8)
    assert not sampler_of(study).is_finished(study)
    assert all(t.params != abandoned.params for t in study.trials[1:])
    study.tell(abandoned, state=TrialState.FAIL)
    study.optimize(objective)
    assert places(study) == visits(5)


def test_pruned_trials_count_what_they_reported_last() -> None:
    def prunes(trial: optuna.Trial) -> float:
        value = objective(trial)
        trial.report(value + 1.0, 1)
        if value > 1.0:
            raise optuna.TrialPruned
        return value

    def patched(point: tuple[float, ...]) -> float:
        value = valley(*box(point))
        return value + 1.0 if value > 1.0 else value

    study = optuna.create_study(sampler=DirectLSampler(SPACE, n_trials=20))
    study.optimize(prunes)
    run = visited(nlopt.GN_DIRECT_L, (0.5, 0.5), 20, patched, magic_eps=1e-4)
    assert places(study) == [box(point) for point in run[:20]]


@pytest.mark.parametrize(
    "suggest",
    [
        lambda t: t.suggest_categorical("kind", ["a", "b"]) == "a",
        lambda t: t.suggest_float("kind", 0.0, 1.0) if t.number else objective(t),
        lambda t: t.suggest_float("alpha", 0.0, 0.1) if t.number else objective(t),
    ],
)
def test_what_cannot_be_searched_is_named_with_a_remedy(
    suggest: Callable[[optuna.Trial], float],
) -> None:
    study = optuna.create_study(sampler=DirectLSampler())
    with pytest.raises(
        UnsearchableParameterError, match=r"parameter '(kind|alpha)' .*independent_sampler"
    ):
        study.optimize(suggest, n_trials=3)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(UnsearchableParameterError, match=r"'kind' is categorical.*suggest_int"):
        DirectLSampler({"kind": CategoricalDistribution(["a", "b"])})
    for name, value in (("n_trials", 0), ("bound", math.nan), ("n_attempts", 0)):
        with pytest.raises(ValueError, match=name):
            DirectLSampler(SPACE, **{name: value})  # type: ignore[arg-type]


def test_notes_that_somebody_else_wrote_are_passed_over() -> None:
    study = optuna.create_study(sampler=DirectLSampler(SPACE, n_trials=5))
    study.optimize(objective, n_trials=1)
    for noted in ("x", {"space": 1}, {"space": "", "point": [math.nan, 2.0]}):
        trial = study.ask()
        study._storage.set_trial_system_attr(trial._trial_id, "densearch:direct_l", noted)  # type: ignore[arg-type]
    study.optimize(objective)
    assert places(study) == visits(5)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({}, "search_space has nothing to search"),
        ({"x": FloatDistribution(1.0, 1.0)}, "search_space has nothing to search"),
        ({"x": FloatDistribution(-1e308, 1e308)}, "'x' is wider than a floating-point number"),
        ({"x": 5}, "'x' is 5: give a FloatDistribution"),
    ],
)
def test_a_space_without_an_axis_is_refused(
    space: dict[str, BaseDistribution], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        DirectLSampler(space, n_trials=5)


def test_several_objectives_are_refused_before_a_trial_runs() -> None:
    study = optuna.create_study(directions=["minimize"] * 2, sampler=DirectLSampler(SPACE))
    with pytest.raises(ValueError, match="multi-objective"):
        study.optimize(lambda _: pytest.fail("a trial ran"), n_trials=1)
    with pytest.raises(TypeError, match="independent_sampler is no sampler: 3"):
        DirectLSampler(SPACE, independent_sampler=3)  # type: ignore[arg-type]
