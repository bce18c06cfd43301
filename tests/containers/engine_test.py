"""The engine's folder, without an engine: programs that stand in for podman."""

from __future__ import annotations

import fcntl
import subprocess
import time
from pathlib import Path

import pytest

from tests.containers.__main__ import SKIPPED, exit_code, main
from tests.containers.checklist import Checklist, SkippedError
from tests.containers.engine import CommandError, Engine, remove_leftovers
from tests.containers.images import Images


@pytest.fixture
def no_podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose podman does nothing, with a temporary folder of its own."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "podman"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_all_that_is_made_lies_in_one_folder_and_goes_with_it(no_podman: Path) -> None:
    folder = no_podman / "densearch-containers-1"
    engine = Engine(folder)
    for variable in ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"):
        text = Path(engine.env[variable]).read_text()
        paths = [line.split('"')[1] for line in text.splitlines() if '"/' in line]
        assert paths
        assert all(Path(path).is_relative_to(folder) for path in paths)
    engine.close()
    assert not folder.exists()


def test_what_a_killed_run_left_is_removed_and_what_a_living_one_uses_is_not(
    no_podman: Path,
) -> None:
    dead, living = (no_podman / f"densearch-containers-{name}" for name in ("dead", "living"))
    for folder in (dead, living):
        folder.mkdir()
    with (living / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert remove_leftovers() == [dead]
    assert not dead.exists()
    assert living.exists()


def test_a_command_that_fails_says_how(no_podman: Path) -> None:
    engine = Engine(no_podman / "densearch-containers-1")
    with pytest.raises(CommandError, match=r"exit code 3 of sh -c .*\nit cannot") as caught:
        engine.run("sh", "-c", "echo it cannot; exit 3")
    assert caught.value.output == "it cannot\n"
    log = no_podman / "log"
    engine.run("sh", "-c", "echo one", log=log)
    assert engine.run("sh", "-c", "echo two >&2", log=log) == "two\n"
    assert log.read_text() == "one\ntwo\n"
    engine.close()


def test_without_an_engine_nothing_is_run_and_the_reason_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("tests.containers.__main__.BACKEND_FOLDERS", ())
    assert main([]) == SKIPPED
    said = capsys.readouterr().out
    assert said.startswith("skipped:")
    assert "apt install" in said
    for package in ("podman", "runc", "netavark", "catatonit"):
        assert package in said


def test_a_base_image_that_can_neither_be_pulled_nor_made_skips_what_needs_it(
    no_podman: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (no_podman / "bin" / "podman").write_text("#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("PATH", f"{no_podman / 'bin'}:/bin")
    monkeypatch.setattr("shutil.which", lambda _name: None)
    engine = Engine(no_podman / "engine")
    images = Images(engine, no_podman / "log")
    with pytest.raises(SkippedError, match="debootstrap"):
        images.provide_base()
    checklist = Checklist(lambda _line: None)
    checklist.check("the base image is here", images.provide_base, needed=True)
    checklist.check("PostgreSQL is here", images.provide_postgres)
    assert exit_code(checklist) == SKIPPED
    engine.close()


def test_an_interrupted_command_ends_with_all_that_it_started(
    no_podman: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, note = Engine(no_podman / "densearch-containers-1"), no_podman / "note"
    started: list[int] = []

    def interrupted(process: subprocess.Popen[bytes]) -> int:
        while not note.exists() or not note.read_text().strip():
            time.sleep(0.01)
        started.extend([process.pid, int(note.read_text())])
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.run("sh", "-c", f"sleep 300 & echo $! > {note}; wait")
    for process in started:
        status = Path(f"/proc/{process}/stat")
        while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)
    engine.close()
