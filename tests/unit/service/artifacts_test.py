from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from service.artifacts import store_weights


def test_weights_are_stored_once_under_their_content(tmp_path: Path) -> None:
    first = store_weights(tmp_path, b"weights")
    assert store_weights(tmp_path, b"weights") == first
    path, n_bytes, sha256 = first
    assert (tmp_path / path).read_bytes() == b"weights"
    assert (n_bytes, sha256) == (7, hashlib.sha256(b"weights").hexdigest())
    assert not Path(path).is_absolute()
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 1


def test_a_disk_that_refuses_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("service.artifacts.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store_weights(tmp_path, b"weights")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
