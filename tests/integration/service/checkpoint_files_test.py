"""Files of checkpoints: what counts as one, what they say of themselves, room for another."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from service import checkpoint_files
from service.checkpoint_files import CheckpointFile, about, listed, make_folder, make_room, path_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_folder(tmp_path)
    return tmp_path / checkpoint_files.FOLDER


def fill(folder: Path) -> None:
    for number in range(4):
        path = folder / f"{number}.safetensors"
        path.write_bytes(bytes(100))
        os.utime(path, (1000.0 + number,) * 2)


def names(folder: Path) -> list[str]:
    return sorted(own.path.stem for own in listed(folder))


def test_the_oldest_make_room(folder: Path) -> None:
    fill(folder)
    make_room(folder, path_of(folder, "9"), 100, most_bytes=500)
    assert names(folder) == ["0", "1", "2", "3"]
    make_room(folder, path_of(folder, "9"), 150, most_bytes=400)
    assert names(folder) == ["2", "3"]


def test_the_one_that_is_replaced_makes_no_room_for_itself(folder: Path) -> None:
    fill(folder)
    make_room(folder, path_of(folder, "0"), 100, most_bytes=400)
    assert names(folder) == ["0", "1", "2", "3"]


def test_one_that_is_too_large_removes_none(folder: Path) -> None:
    fill(folder)
    with pytest.raises(OSError, match="more than all checkpoints may take"):
        make_room(folder, path_of(folder, "9"), 501, most_bytes=500)
    assert names(folder) == ["0", "1", "2", "3"]


def test_a_disk_that_is_nearly_full_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_files, "KEPT_FREE_BYTES", 2**62)
    with pytest.raises(OSError, match="nearly full"):
        make_room(folder, path_of(folder, "9"), 1, most_bytes=500)


def test_links_are_no_checkpoints(folder: Path) -> None:
    (folder / "a.safetensors").symlink_to("/etc/passwd")
    assert list(listed(folder)) == []
    assert CheckpointFile(folder / ".a.part", 1, 0.0).is_whole is False


def written(folder: Path, metadata: object, n_bytes: int | None = None) -> Path:
    """Write a safetensors header of `n_bytes`, or of its true length."""
    header = json.dumps(metadata).encode()
    path = path_of(folder, "a")
    path.write_bytes((n_bytes or len(header)).to_bytes(8, "little") + header)
    return path


def test_a_checkpoint_says_what_it_is_of(folder: Path) -> None:
    found = about(written(folder, {"__metadata__": {"about": '{"trial": 3}'}}))
    assert found == {"trial": 3}


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        [],
        None,
        {"__metadata__": None},
        {"__metadata__": {}},
        {"__metadata__": {"about": "[]"}},
        {"__metadata__": {"about": "no JSON"}},
        {"__metadata__": {"about": 7}},
    ],
)
def test_a_damaged_header_says_nothing(folder: Path, metadata: object) -> None:
    assert about(written(folder, metadata)) is None


def test_a_header_that_claims_gigabytes_is_not_read(folder: Path) -> None:
    path = written(
        folder, {"__metadata__": {"about": "{}"}}, checkpoint_files.MOST_HEADER_BYTES + 1
    )
    assert about(path) is None
    assert about(folder / "none") is None
