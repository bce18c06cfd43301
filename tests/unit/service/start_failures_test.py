"""Why a dispatcher did not start is kept until one has started."""

from __future__ import annotations

import time
from pathlib import Path

from service import start_failures


def test_the_first_line_is_kept_until_a_dispatcher_has_started(tmp_path: Path) -> None:
    assert start_failures.last(tmp_path) is None
    start_failures.keep(tmp_path, "no room\nat line 3")
    start_failures.keep(tmp_path, "Ray\x1b[31m does not start\n")
    assert start_failures.last(tmp_path) == "Ray\\x1b[31m does not start"
    start_failures.clear(tmp_path)
    start_failures.clear(tmp_path)
    assert start_failures.last(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_processs_own_reason_is_better_than_its_exit_code(tmp_path: Path) -> None:
    began = time.time() - 1
    start_failures.keep(tmp_path, "Ray does not start")
    start_failures.keep(tmp_path, "exit code 3", since=began)
    assert start_failures.last(tmp_path) == "Ray does not start"
    start_failures.keep(tmp_path, "exit code 3", since=time.time() + 60)
    assert start_failures.last(tmp_path) == "exit code 3"


def test_a_reason_that_cannot_be_kept_or_read_stops_nobody(tmp_path: Path) -> None:
    start_failures.keep(tmp_path / "missing", "anything")
    assert start_failures.last(tmp_path / "missing") is None
    (tmp_path / start_failures.FILE).write_bytes(b"\xff\xfe")
    assert start_failures.last(tmp_path) is None
    start_failures.keep(tmp_path, "")
    assert start_failures.last(tmp_path) == "no reason was given"
    start_failures.keep(tmp_path, "x" * 10_000)
    assert len(start_failures.last(tmp_path) or "") == start_failures.MOST_CHARACTERS
