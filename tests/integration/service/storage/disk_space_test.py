"""Directories before a process starts: made, private, writable, with free space."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from service.errors import NoRoomError, UnusableDirectoryError
from service.settings import Settings
from service.storage import disk_space

ANOTHER = "choose another directory"


def test_a_missing_directory_is_made_for_its_user_alone(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    disk_space.require(place, 1, ANOTHER)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert list(place.iterdir()) == []  # the probe leaves nothing


def test_too_little_space_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(NoRoomError, match=ANOTHER) as refused:
        disk_space.require(tmp_path, 2**62, ANOTHER)
    assert refused.value.needed_bytes == 2**62
    assert 0 < refused.value.free_bytes < 2**62


def test_what_is_no_directory_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "below"):
        with pytest.raises(UnusableDirectoryError, match=ANOTHER):
            disk_space.require(place, 1, ANOTHER)


def test_only_what_a_process_uses_is_checked(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    url = SecretStr("postgresql://db/densearch")
    remote = Settings(data_dir=data_dir, database_url=url, ray_address="ray:6379")
    disk_space.check(remote, starts_ray=True)
    assert not data_dir.exists()
    disk_space.check(remote, writes_files=True)
    assert data_dir.is_dir()


def test_sqlites_directory_is_checked_where_nothing_else_is_written(tmp_path: Path) -> None:
    elsewhere = tmp_path / "databases"
    url = SecretStr(f"sqlite:///{elsewhere / 'a.sqlite3'}")
    disk_space.check(Settings(data_dir=tmp_path / "data", database_url=url))
    assert elsewhere.is_dir()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"RAY_TMPDIR": "/ray", "TMPDIR": "/other"}, "/ray"),
        ({"RAY_TMPDIR": "", "TMPDIR": "/other"}, "/other"),
        ({}, "/tmp"),  # noqa: S108 - Ray's choice
    ],
)
def test_ray_keeps_its_session_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    for name in ("RAY_TMPDIR", "TMPDIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert disk_space.ray_directory() == Path(expected)
