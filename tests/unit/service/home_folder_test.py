"""A home that a process can use, or why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.home_folder import home


def test_it_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "not made yet"))
    assert home() == tmp_path / "not made yet"


@pytest.mark.parametrize("value", ["", "relative"])
def test_one_that_is_no_absolute_path_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HOME", value)
    with pytest.raises(RuntimeError, match=f"HOME='{value}' is no absolute path"):
        home()


def test_a_user_whom_the_system_does_not_know_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    with pytest.raises(RuntimeError, match="HOME is not set, and the system does not know uid"):
        home()
