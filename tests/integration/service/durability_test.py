"""Files and names that the disk must have before an answer is given."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from service import durability


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The paths that were synced, in order."""
    found: list[Path] = []
    real: Callable[[int], None] = os.fsync

    def fsync(descriptor: int) -> None:
        found.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_the_files_are_on_the_disk_before_their_names(tmp_path: Path, synced: list[Path]) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"x")
    durability.sync_files(tmp_path)
    assert sorted(synced[:-1]) == [tmp_path / "a", tmp_path / "b"]
    assert synced[-1] == tmp_path


def test_a_new_folder_is_named_by_its_parent(tmp_path: Path, synced: list[Path]) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    durability.sync_names(folder)
    assert synced == [folder, tmp_path]


def test_what_is_not_there_is_no_success(tmp_path: Path) -> None:
    for sync in (durability.sync, durability.sync_files, durability.sync_names):
        with pytest.raises(FileNotFoundError):
            sync(tmp_path / "none")


def test_a_disk_that_fails_keeps_no_descriptor_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="Input/output"):
        durability.sync(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
