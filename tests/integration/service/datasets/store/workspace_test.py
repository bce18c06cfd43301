"""The folder of an import goes when the import does, and not before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from service.datasets.store.workspace import is_held, sweep, workspace


def left(data_dir: Path) -> list[str]:
    return [path.name for path in (data_dir / "datasets").iterdir()]


def test_the_lock_file_is_all_that_an_import_leaves(tmp_path: Path) -> None:
    with workspace(tmp_path) as work:
        work.upload.write_bytes(b"x")
        (work.made / "y").touch()
    assert left(tmp_path) == [".lock"]


def test_an_import_that_fails_leaves_no_more(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), workspace(tmp_path):
        raise ZeroDivisionError
    assert left(tmp_path) == [".lock"]


def test_what_an_import_has_moved_away_stays(tmp_path: Path) -> None:
    with workspace(tmp_path) as work:
        work.made.rename(tmp_path / "kept")
    assert (tmp_path / "kept").is_dir()


def test_a_sweep_removes_the_folders_that_nobody_holds(tmp_path: Path) -> None:
    assert sweep(tmp_path) == 0
    with workspace(tmp_path) as work:
        dead = tmp_path / "datasets" / ".import-dead"
        dead.mkdir()
        (dead / ".lock").touch()
        assert sweep(tmp_path) == 1
        assert not dead.exists()
        assert work.made.is_dir()


def test_a_folder_that_is_being_removed_is_not_made_again(tmp_path: Path) -> None:
    with workspace(tmp_path) as work:
        place = work.made.parent
        assert is_held(tmp_path, work.name)
        (place / ".lock").unlink()  # as its removal begins
        assert not is_held(tmp_path, work.name)
        assert not (place / ".lock").exists()
        shutil.rmtree(place)
        assert not is_held(tmp_path, work.name)
    assert left(tmp_path) == [".lock"]
