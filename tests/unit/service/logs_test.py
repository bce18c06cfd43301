"""A log entry is one line for any content."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from service import logs
from service.settings import Settings

HOSTILE = "a\n2026-01-01 [info     ] forged\x1b[2J\u202eb"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_nothing_in_a_line_ends_it_or_steers_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(Settings())
    structlog.get_logger("x").info(HOSTILE, path=HOSTILE)
    (line,) = capsys.readouterr().err.splitlines()
    assert "\x1b" not in line
    assert "\u202e" not in line
    assert line.count("forged") == 2


def _fail() -> None:
    raise ValueError(HOSTILE)


def test_a_traceback_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings())
    try:
        _fail()
    except ValueError:
        structlog.get_logger("y").exception("failed")
    found = capsys.readouterr().err
    assert len(found.splitlines()) > 3
    assert "\x1b" not in found


def test_json_lines_hold_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_json=True))
    structlog.get_logger("z").info("request", path=HOSTILE)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.isascii()
    assert json.loads(line)["path"] == HOSTILE


def test_a_logger_that_was_used_follows_the_next_configuration() -> None:
    logs.configure(Settings())
    log = structlog.get_logger("of a module")
    log.info("first")
    structlog.reset_defaults()
    with capture_logs() as lines:
        log.info("second")
    assert [line["event"] for line in lines] == ["second"]
