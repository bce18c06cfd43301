"""Ray's token is this user's alone, and is found without a home, too."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from workers import ray_token
from workers.ray_token import PATH, keep_token


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN", PATH, "RAY_AUTH_MODE"):
        monkeypatch.setenv(name, "")  # also what is set here ends with the test
        monkeypatch.delenv(name)
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_token_is_made_for_its_owner_alone(home: Path) -> None:
    previous = os.umask(0)
    try:
        keep_token()
    finally:
        os.umask(previous)
    path = home / ".ray" / "auth_token"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert len(path.read_text()) == 64
    assert list(path.parent.iterdir()) == [path]


def test_a_token_that_others_could_read_is_kept_and_made_private(home: Path) -> None:
    path = home / ".ray" / "auth_token"
    path.parent.mkdir()
    path.write_text("known to the cluster")
    path.chmod(0o644)
    keep_token()
    assert (path.read_text(), mode(path)) == ("known to the cluster", 0o600)


@pytest.mark.parametrize("name", ["RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"])
def test_a_token_that_is_given_is_enough(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "given")
    keep_token()
    assert not (home / ".ray").exists()


def test_ray_is_told_where_it_is(home: Path) -> None:
    keep_token()
    assert os.environ[PATH] == str(home / ".ray" / "auth_token")


@pytest.mark.parametrize("value", [None, "", "relative", "/proc/no/home"])
def test_without_a_usable_home_all_processes_find_the_same_one(
    home: Path, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    def unknown(_uid: int) -> None:
        raise KeyError("no such user")

    monkeypatch.setattr(ray_token, "root_of_user", lambda: home / "rays")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    if value is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", value)
    found = []
    for _ in range(2):
        keep_token()
        found.append((os.environ.pop(PATH), (home / "rays" / "auth_token").read_text()))
    assert found[0] == found[1]
    assert found[0][0] == str(home / "rays" / "auth_token")
    assert mode(home / "rays" / "auth_token") == 0o600


def test_a_token_in_a_home_that_cannot_be_written_is_used(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home / ".ray" / "auth_token"
    path.parent.mkdir()
    path.write_text("known")
    path.chmod(0o644)

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "chmod", refuse)
    keep_token()
    assert (os.environ[PATH], path.read_text()) == (str(path), "known")


@pytest.mark.usefixtures("home")
def test_nowhere_to_keep_it_names_the_first_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_token, "root_of_user", lambda: Path("/proc/none"))
    monkeypatch.setenv("HOME", "/proc/home")
    with pytest.raises(OSError, match="/proc/home"):
        keep_token()
