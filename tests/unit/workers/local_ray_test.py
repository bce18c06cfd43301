"""The environment of a local Ray, and the mode of its token."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from service.settings import Settings
from workers import local_ray


def settings(tmp_path: Path, url: str | None) -> Settings:
    return Settings(data_dir=tmp_path, database_url=url)


def test_what_opens_the_database_is_hidden_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://densearch:p%40ss%2Fword-1@db:5432/densearch"
    secrets = {
        "DENSEARCH_DATABASE_URL": url,
        "PGPASSWORD": "other",
        "PGPASSFILE": "/home/me/.pgpass",
        "POSTGRES_PASSWORD": "p@ss/word-1",
        "COPY_OF_URL": f"see {url}",
        "ENCODED": "p%40ss%2Fword-1",
    }
    harmless = {"DENSEARCH_N_CPUS": "2", "NO_SECRET": "p@ss/word-10", "PATH": os.environ["PATH"]}
    for name, value in {**secrets, **harmless}.items():
        monkeypatch.setenv(name, value)
    settings(tmp_path, url)
    with local_ray.without_secrets():
        assert not secrets.keys() & os.environ.keys()
        assert harmless.items() <= dict(os.environ).items()
    assert secrets.items() <= dict(os.environ).items()


def test_a_database_without_a_password_hides_no_variable_by_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMPTY", "")
    settings(tmp_path, None)
    with local_ray.without_secrets():
        assert "EMPTY" in os.environ


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_token_is_made_for_its_owner_alone(home: Path) -> None:
    previous = os.umask(0)
    try:
        local_ray.keep_token()
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
    local_ray.keep_token()
    assert (path.read_text(), mode(path)) == ("known to the cluster", 0o600)


@pytest.mark.parametrize("name", ["RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"])
def test_a_token_that_is_given_is_enough(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "given")
    local_ray.keep_token()
    assert not (home / ".ray").exists()
