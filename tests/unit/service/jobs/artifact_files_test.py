from __future__ import annotations

import hashlib
import threading
import time
from pathlib import Path

import pytest

from service.jobs import artifact_files
from service.jobs.artifact_files import store_weights


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

    monkeypatch.setattr("service.jobs.artifact_files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store_weights(tmp_path, b"weights")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_removal_comes_in_between_holders_that_never_leave_a_gap(tmp_path: Path) -> None:
    """Each of two holds the files until the other one does, as busy dispatchers happen to."""
    is_over, deadline = threading.Event(), time.monotonic() + 20.0
    inside = threading.Semaphore(0), threading.Semaphore(0)

    def hold(i: int) -> None:
        while not is_over.is_set() and time.monotonic() < deadline:
            with artifact_files.held(tmp_path):
                inside[i].release()
                inside[1 - i].acquire(timeout=0.2)

    threads = [threading.Thread(target=hold, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for one in inside:
        one.acquire(timeout=5.0)
    with artifact_files.removing(tmp_path):
        took_until = time.monotonic()
    is_over.set()
    for thread in threads:
        thread.join()
    assert took_until < deadline


def test_nobody_waits_for_files_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact_files, "HOLDER_S", 0.05)
    monkeypatch.setattr(artifact_files, "REMOVAL_S", 0.05)
    entered = []
    with artifact_files.held(tmp_path), artifact_files.held(tmp_path):
        with pytest.raises(TimeoutError, match="in use"), artifact_files.removing(tmp_path):
            entered.append("removing")
        with artifact_files.held(tmp_path):
            pass  # a removal that was given up keeps nobody out
    with artifact_files.removing(tmp_path):
        for wait in (artifact_files.held, artifact_files.removing):
            with pytest.raises(TimeoutError, match="in use"), wait(tmp_path):
                entered.append(wait.__name__)
    assert entered == []


def test_without_locks_files_are_held_and_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("service.jobs.artifact_files.fcntl.flock", refuse)
    with artifact_files.held(tmp_path):
        pass
    with pytest.raises(OSError, match="not supported"), artifact_files.removing(tmp_path):
        pass


def test_the_name_of_a_new_file_is_on_the_disk_before_its_entry_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[Path]()

    def note(folder: Path) -> None:
        assert len([path for path in folder.iterdir() if path.suffix]) == 1
        synced.append(folder)

    monkeypatch.setattr(artifact_files, "sync_names", note)
    path, _, _ = store_weights(tmp_path, b"weights")
    assert synced == [(tmp_path / path).parent]
