"""Limits on processes that are too low for Ray are named with what raises them."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from service import process_limit


@pytest.fixture(autouse=True)
def _user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    monkeypatch.setattr(process_limit, "n_threads", lambda _uid: 17)
    monkeypatch.setattr(process_limit, "_GROUPS", (tmp_path / "none", tmp_path))


def limited(monkeypatch: pytest.MonkeyPatch, most: int) -> str | None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (most, resource.RLIM_INFINITY))
    return process_limit.lack(2)


def test_a_limit_of_the_user_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    told = limited(monkeypatch, 60)
    assert told is not None
    assert "uid 1234 may have 60 processes and threads and has 17" in told
    assert "`ulimit -u 2048`" in told
    assert limited(monkeypatch, resource.RLIM_INFINITY) is None
    assert limited(monkeypatch, 4096) is None


def test_the_limit_of_root_is_never_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert limited(monkeypatch, 60) is None


@pytest.mark.parametrize(
    ("most", "is_low"), [("max\n", False), ("100000\n", False), ("100\n", True)]
)
def test_a_limit_of_the_container_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, most: str, is_low: bool
) -> None:
    (tmp_path / "pids.max").write_text(most)
    (tmp_path / "pids.current").write_text("9\n")
    told = limited(monkeypatch, resource.RLIM_INFINITY)
    assert (told is not None) == is_low
    assert told is None or "--pids-limit 2048" in told


def test_the_threads_of_a_user_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert process_limit.n_threads(os.getuid()) >= 1
    assert process_limit.n_threads(4_000_000_000) == 0
