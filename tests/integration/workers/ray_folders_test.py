"""Folders of dead Rays go away, with their processes; those of the living and of others stay."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from workers import ray_folders
from workers.ray_folders import RayFolder

PATIENCE_S = 30.0
HOLDER = """
import os, sys, time
from pathlib import Path
from workers.ray_folders import RayFolder
folder = RayFolder(Path(sys.argv[1]))
print(folder.path, end="", file=sys.stderr, flush=True)
os.close(2)
time.sleep(600)
"""


def hold(root: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that holds a folder, as a dispatcher does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    return process, Path(process.stderr.read())


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    if process.stderr is not None:
        process.stderr.close()


def names(root: Path) -> set[str]:
    return {path.name for path in root.iterdir()}


def test_folders_of_the_dead_go_but_for_the_newest(tmp_path: Path) -> None:
    alive, living = hold(tmp_path)
    last = living
    try:
        for _ in range(3):
            dead, last = hold(tmp_path)
            (last / "session" / "logs").mkdir(parents=True)
            end(dead)
        mine = RayFolder(tmp_path)
        assert names(tmp_path) == {living.name, last.name, mine.path.name}
        assert (last / "session" / "logs").is_dir()
        mine.remove()
        assert names(tmp_path) == {living.name, last.name}
    finally:
        end(alive)


def test_what_is_left_of_a_dead_ray_is_ended_and_nothing_else(tmp_path: Path) -> None:
    dead, folder = hold(tmp_path)
    end(dead)
    (folder / "logs").mkdir()
    sleeper = "import ctypes, time; ctypes.CDLL(None).prctl(15, b'ray::Worker'); time.sleep(600)"
    with (folder / "logs" / "worker.out").open("wb") as log:
        ray = subprocess.Popen([sys.executable, "-c", sleeper], stdout=log)
        reader = subprocess.Popen(["sleep", "600"], stdout=log)  # a person's, say `tail`
    other = subprocess.Popen([sys.executable, "-c", sleeper])  # another Ray's
    deadline = time.monotonic() + PATIENCE_S
    while "ray::" not in Path(f"/proc/{ray.pid}/comm").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    try:
        RayFolder(tmp_path).remove()
        assert ray.wait(PATIENCE_S) == -signal.SIGKILL
        assert (reader.poll(), other.poll()) == (None, None)
    finally:
        for process in (ray, reader, other):
            process.kill()
            process.wait()


def test_the_directory_is_private_and_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "rays"
    root.mkdir(mode=0o777)
    root.chmod(0o777)
    RayFolder(root).remove()
    assert root.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(tempfile, "gettempdir", lambda: f"/{60 * 'x'}")
    assert len(bytes(ray_folders.root_of_user())) + 9 <= ray_folders.MAX_BYTES


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "rays").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="rays"):
        RayFolder(tmp_path / "rays")
