"""What a terminal shows of a job that is watched."""

from __future__ import annotations

import io

import httpx2
import pytest
from rich.console import Console

from densearch.answers import FAILED_START
from densearch.cli import progress_bars
from densearch.cli.progress_bars import render
from tests.support.screens import printed
from tests.support.scripted_server import connected
from tests.support.watching import JOB, study, trial, watched


def test_the_block_on_the_terminal_says_everything() -> None:
    known = watched(
        study("direct_l", 1, best_value=0.25, n_evaluated=5, hit_rate=0.875),
        waits_for="a free worker",
        ahead={"value": 0.125, "study": "direct_l"},
    )
    known.take(trial(9, "RUNNING"))
    text = printed(render(known, "http://server"), width=100)
    for shown in (
        "job 4 RUNNING [b]photos  http://server/jobs/4",
        "waits for: a free worker",
        "3/12 +2 ahead, 88 % hit",
        "evaluation",
        "2/6",
        "trial 9 (direct_l)",
        "best so far: 0.2500 by tpe",
        "ahead of the sequence: 0.1250 by direct_l",
        "time left: 1 min 05 s",
    ):
        assert shown in text


def test_bars_of_a_failed_job_are_red_and_wait_for_nothing() -> None:
    block = render(watched(study("direct_l", 1), state="FAILED"), "http://server")
    screen = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=100)
    with screen.capture() as drawn:
        screen.print(block)
    red = "\x1b[31m"
    assert f"{red}━" in drawn.get()
    text = printed(block)
    assert "best: 0.2500 by tpe" in text
    assert "time left" not in text


def test_a_job_whose_dispatcher_never_starts_is_not_watched_for_ever(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress_bars, "PATIENCE_S", 0.0)
    job = JOB | {"waits_for": f"{FAILED_START}: Ray does not start"}

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/studies"):
            return httpx2.Response(200, json={"items": []})
        if request.url.path.endswith("/events"):
            return httpx2.Response(204)
        return httpx2.Response(200, json=job)

    with pytest.raises(SystemExit) as ended:
        progress_bars.follow(connected(answer), 4)
    assert ended.value.code == 1
    assert "cannot go on: no dispatcher is running" in capsys.readouterr().err
