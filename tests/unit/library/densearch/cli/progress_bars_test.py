"""What a terminal shows of a job that is watched."""

from __future__ import annotations

from densearch.cli.progress_bars import render
from tests.support.screens import printed
from tests.support.watching import study, trial, watched


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
