"""Importance without waiting for it: what is known at once, and the rest when it is here."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from api.dashboard.searches import importance
from api.dashboard.searches.importance import COMING, FEW, Importance, ImportanceRuns
from api.dashboard.searches.search_view import SearchAxis
from service.records import Job
from service.states import JobState
from service.studies.search_space import CategoryAxis, FloatAxis
from tests.support.searched import WORST, by_direct, point

NOW = datetime(2026, 1, 1, tzinfo=UTC)
JOB = Job(1, "j", JobState.SUCCEEDED, {}, None, None, None, None, 0, None, NOW, None, None)
ANSWER: dict[str, Any] = {"shares": [0.75, 0.25], "lows": [0.5, 0.0], "highs": [1.0, 0.5]}
VIEW = by_direct(2, lambda x: (x[0] - 0.3) ** 2)


def _asked(runs: ImportanceRuns) -> Importance:
    for _ in range(200):
        if (found := runs.of(JOB, VIEW)) is not COMING:
            return found
        time.sleep(0.01)
    raise AssertionError("it never came")


def test_it_is_asked_once_for_a_state_of_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def run(module: str, content: bytes, _: float) -> subprocess.CompletedProcess[bytes]:
        asked.append(json.loads(content))
        return subprocess.CompletedProcess([module], 0, json.dumps(ANSWER).encode(), b"")

    monkeypatch.setattr(importance, "run_module", run)
    runs = ImportanceRuns()
    assert runs.of(JOB, VIEW) is COMING
    assert _asked(runs) == Importance(**ANSWER)
    assert runs.of(JOB, VIEW) == Importance(**ANSWER)
    assert len(asked) == 1
    assert len(asked[0]["points"]) == len(asked[0]["values"]) == len(VIEW.results())


def test_it_is_that_of_an_even_sample() -> None:
    n = 2 * importance.MOST + 1
    even = [point(i, (0.5, i / n), float(i)) for i in range(n)]
    best = [replace(even[0], is_even=False)] * 50
    asked = importance.question_of(replace(VIEW, points=[*best, *even]))
    assert asked["values"] == [float(i) for i in range(0, n, 3)]


def test_few_trials_are_not_asked_about() -> None:
    assert ImportanceRuns().of(JOB, replace(VIEW, points=VIEW.points[:19])) is FEW


def test_a_process_that_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    done = subprocess.CompletedProcess([], 1, b"", b"Traceback\nNo module named optuna")
    monkeypatch.setattr(importance, "run_module", lambda *_: done)
    assert _asked(ImportanceRuns()).fault == "Its process failed (No module named optuna)."


@pytest.mark.parametrize(
    ("returncode", "stdout", "words"),
    [
        (-9, b"", "Its process was killed (signal 9)."),
        (3, b"", "Its process failed (status 3)."),
        (0, b"a warning", "Its process gave no answer (JSONDecodeError)."),
        (0, b'{"other": 1}', "Its process gave no answer (TypeError)."),
    ],
)
def test_what_is_no_answer_is_said(
    monkeypatch: pytest.MonkeyPatch, returncode: int, stdout: bytes, words: str
) -> None:
    done = subprocess.CompletedProcess([], returncode, stdout, b"")
    monkeypatch.setattr(importance, "run_module", lambda *_: done)
    assert _asked(ImportanceRuns()).fault == words


def test_a_failure_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [Importance(fault="it fails"), Importance(**ANSWER)]
    monkeypatch.setattr(importance, "answer_to", lambda _: answers.pop(0))
    now = [0.0]
    # The module's own name, never the clock itself: event loops of other tests run by that.
    monkeypatch.setattr(importance, "time", SimpleNamespace(monotonic=lambda: now[0]))
    runs = ImportanceRuns()
    before = runs.stamp()
    assert _asked(runs).fault == "it fails"
    assert runs.of(JOB, VIEW).fault == "it fails"
    failed = runs.stamp()
    now[0] = importance.RETRY_S
    due = runs.stamp()
    assert runs.of(JOB, VIEW).fault == "it fails"  # until the new answer is here
    for _ in range(200):
        if runs.of(JOB, VIEW) == Importance(**ANSWER):
            break
        time.sleep(0.01)
    assert runs.of(JOB, VIEW) == Importance(**ANSWER)
    assert len({before, failed, due, runs.stamp()}) == 4


def test_diverged_trials_are_left_out_and_choices_are_indices() -> None:
    choices = SearchAxis("o", CategoryAxis("o", ("a", "b", "c")))
    points = [point(0, (0.5, 0.1), 1.0), point(1, (0.5, 1.0), 2.0), point(2, (0.5, 0.4), WORST)]
    axes = (SearchAxis("lr", FloatAxis("lr", 0.0, 1.0)), choices)
    question = importance.question_of(replace(VIEW, axes=axes, points=points))
    assert question == {
        "points": [[0.5, 0], [0.5, 2]], "values": [1.0, 2.0], "n_choices": [0, 3]
    }  # fmt: skip
