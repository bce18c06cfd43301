"""Signals are named, also those that have no name of their own."""

from __future__ import annotations

import signal

import pytest

from service.exit_codes import signal_of


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0, None),
        (3, None),
        (-signal.SIGKILL, "SIGKILL"),
        (-signal.SIGSEGV, "SIGSEGV"),
        (-40, "signal 40"),
    ],
)
def test_a_signal_is_named(code: int, name: str | None) -> None:
    assert signal_of(code) == name
