"""A session is made nicer by the process that leads it, never less nice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workers import session_priority


@pytest.mark.parametrize(
    ("before", "is_leader", "after"),
    [
        ("/autogroup-7 nice 0\n", True, "5"),
        ("/autogroup-7 nice 6\n", True, "/autogroup-7 nice 6\n"),
        ("/autogroup-7 nice 0\n", False, "/autogroup-7 nice 0\n"),
        ("", True, ""),
    ],
)
def test_only_a_leader_makes_its_session_nicer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, *, is_leader: bool
) -> None:
    file = tmp_path / "autogroup"
    file.write_text(before)
    monkeypatch.setattr(os, "getsid", lambda _: os.getpid() if is_leader else 1)
    session_priority.lower(file)
    assert file.read_text() == after


def test_a_kernel_without_groups_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getsid", lambda _: os.getpid())
    session_priority.lower(tmp_path / "none")
