"""Commands on a disk that is full, nearly full or read-only: a sentence, exit 1, no traceback."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = {
    "serve": ["serve", "--port", "0"],
    "api": ["api", "--port", "0"],
    "dispatch": ["dispatch"],
    "db upgrade": ["db", "upgrade"],
}
# An in-memory disk, visible only to this shell and its children.
SMALL = "mount -t tmpfs -o size=16m none {place} && "
FILLED = "dd if=/dev/zero of={place}/filler bs=64k 2>/dev/null; "
NEARLY = "dd if=/dev/zero of={place}/filler bs=64k count=192 2>/dev/null; "


def may_mount() -> bool:
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


mounting = pytest.mark.skipif(not may_mount(), reason="mounting a small disk takes root")


def run(
    words: list[str], place: Path, prepare: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    command = shlex.join([sys.executable, "-m", "api.cli.main", *words])
    script = prepare.format(place=shlex.quote(str(place))) + f"exec {command}"
    wrapped = ["unshare", "-m", "sh", "-c", script] if prepare else ["sh", "-c", script]
    return subprocess.run(
        wrapped,
        capture_output=True,
        text=True,
        env=os.environ | {"DENSEARCH_DATA_DIR": str(place)} | environment,
        timeout=120,
        check=False,
    )


def is_explained(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (sentence,) = done.stderr.strip().splitlines()
    for word in words:
        assert word in sentence


@mounting
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_full_disk_is_named(words: list[str], tmp_path: Path) -> None:
    done = run(words, tmp_path, SMALL + FILLED)
    is_explained(done, f"{tmp_path} has 0 bytes free", "free some space", "DENSEARCH_DATA_DIR")
    assert list(tmp_path.iterdir()) == []


@mounting
def test_a_nearly_full_disk_is_named(tmp_path: Path) -> None:
    done = run(COMMANDS["serve"], tmp_path, SMALL + NEARLY)
    is_explained(done, "4,194,304 bytes free, 8,388,608 are needed")


@mounting
def test_a_read_only_disk_is_named(tmp_path: Path) -> None:
    read_only = "mount -t tmpfs -o ro none {place} && "
    done = run(COMMANDS["serve"], tmp_path, read_only)
    is_explained(done, str(tmp_path), "Read-only file system", "make it writable")


@mounting
def test_a_full_disk_of_ray_is_named(tmp_path: Path) -> None:
    ray = tmp_path / "ray"
    ray.mkdir()
    mounted = "mount -t tmpfs -o size=16m none {place}/ray && "
    done = run(COMMANDS["dispatch"], tmp_path, mounted, RAY_TMPDIR=str(ray))
    is_explained(done, f"{ray} has 16,777,216 bytes free", "RAY_TMPDIR")


@pytest.mark.parametrize("name", ["serve", "db upgrade"])
def test_a_data_directory_that_is_none_is_named(name: str, tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("not a directory")
    is_explained(run(COMMANDS[name], place), str(place), "cannot be written", "choose another")
