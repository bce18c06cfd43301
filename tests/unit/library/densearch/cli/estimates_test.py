"""What the terminal shows of an estimate, and how it waits for one."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from densearch.cli.estimates import lines_of, show_estimate, wait_for_estimate


def interval(low: float, expected: float, high: float) -> dict[str, float]:
    return {"low": low, "expected": expected, "high": high}


READY: dict[str, Any] = {
    "state": "ready", "detail": None,
    "trainings": [
        {"kind": "search", "n": 24, "epochs": [2, 2, 2], "seconds": interval(3.5, 5.2, 5.8)},
        {"kind": "evaluation", "n": 30, "epochs": [2, 4, 8], "seconds": interval(7, 9.6, 100)},
    ],
    "n_trainings": 54, "n_epochs": 168,
    "epoch": {"seconds": interval(2, 2.2, 3), "source": "trials", "n": 7, "device": "cpu",
              "measured_at": None},
    "pack_width": 4, "n_workers": 2, "work_s": interval(100, 200, 4000),
    "time_s": interval(50, 100, 2000),
    "memory": {"worker_bytes": 2**29, "workers_bytes": 2**30, "cluster_bytes": None, "fits": None},
    "money": {"amount": interval(0.0051, 0.0123, 1.5), "currency": "CHF"},
    "warnings": ["3 unfinished jobs share the workers: it may take longer"],
}  # fmt: skip


class Answers:
    """A client whose estimates are given."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers = list(answers)

    def estimate(self, body: bytes) -> dict[str, Any]:
        assert body == b"{}"
        return self._answers.pop(0)


def state(name: str, **changes: Any) -> dict[str, Any]:
    return READY | {"state": name, "detail": "why not", "n_workers": 2} | changes


def test_every_figure_is_told_with_what_it_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    show_estimate(READY)
    text = capsys.readouterr().out
    for told in (
        "search      24       2       5.2 s (3.5 s to 5.8 s)",
        "2 to 8  9.6 s (7.0 s to 1 min 40 s)",
        "an epoch takes 2.2 s: the middle of 7 earlier trainings",
        "a worker trains 4 candidates at once",
        "all trainings together: 3 min 20 s (1 min 40 s to 1 h 06 min)",
        "from start to end on 2 workers: 1 min 40 s (50 s to 33 min 20 s)",
        "memory of a worker's training: 537 MB",
        "money: 0.012 CHF (0.0051 to 1.50)",
        "note: 3 unfinished jobs share the workers: it may take longer",
    ):
        assert told in text


def test_what_is_not_known_is_left_out() -> None:
    known = copy.deepcopy(READY) | {"time_s": None, "memory": None, "money": None}
    lines = list(lines_of(known | {"pack_width": 1}))
    assert len(lines) == 2


def test_it_waits_while_a_worker_measures(capsys: pytest.CaptureFixture[str]) -> None:
    answers: Any = Answers(state("measuring"), state("measuring"), READY)
    assert wait_for_estimate(answers, b"{}", poll_s=0.0) == READY
    assert capsys.readouterr().err == "why not ...\n"


@pytest.mark.parametrize("answer", [state("failed"), state("measuring", n_workers=None)])
def test_where_nothing_will_measure_it_does_not_wait(
    capsys: pytest.CaptureFixture[str], answer: dict[str, Any]
) -> None:
    answers: Any = Answers(answer)
    with pytest.raises(SystemExit):
        wait_for_estimate(answers, b"{}", poll_s=0.0)
    found = capsys.readouterr().err
    assert "cannot be estimated: why not" in found
    assert f"counted already: at most {answer['n_trainings']} training" in found
