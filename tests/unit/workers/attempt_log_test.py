"""What is printed during attempts is kept, bounded, and what the disk refuses harms nothing."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest

from service.jobs import attempt_logs
from service.orchestration.messages import Assignment
from workers import attempt_log


def assignment(attempt_id: int) -> Assignment:
    return Assignment(attempt_id, 7, 3, "digest", {}, "cpu", keeps_weights=False)


def test_what_is_printed_is_kept_for_each_attempt_and_passed_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt_logs.make_folder(tmp_path)
    with attempt_log.kept(str(tmp_path), [assignment(1), assignment(2)]):
        sys.stdout.write("loss ")
        sys.stdout.writelines(["0.5\n", "second\n"])
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            monkeypatch.setattr(warnings, "showwarning", _shown)
            warnings.warn("a warning of the code", stacklevel=1)
    sys.stdout.write("after it\n")
    assert capsys.readouterr().out == "loss 0.5\nsecond\nafter it\n"
    for attempt_id in (1, 2):
        text = attempt_logs.read(tmp_path, 3, attempt_id)
        assert text is not None
        first, second, *rest = (line.partition(" ")[2] for line in text.splitlines())
        assert (first, second) == ("loss 0.5", "second")
        assert "a warning of the code" in "".join(rest)


def _shown(message: Warning | str, *_: object) -> None:
    sys.stderr.write(f"{message}\n")  # as Python does; pytest replaces that


def test_a_silent_attempt_has_no_file_and_nothing_is_kept_without_the_folder(
    tmp_path: Path,
) -> None:
    with attempt_log.kept(str(tmp_path), [assignment(1)]):
        sys.stdout.write("not kept\n")
    attempt_logs.make_folder(tmp_path)
    with attempt_log.kept(str(tmp_path), [assignment(2)]), attempt_log.kept(None, []):
        pass
    assert [attempt_logs.read(tmp_path, 3, n) for n in (1, 2)] == [None, None]


def test_of_a_long_log_the_end_is_kept(tmp_path: Path) -> None:
    attempt_logs.make_folder(tmp_path)
    with attempt_log.kept(str(tmp_path), [assignment(1)]):
        for number in range(40):
            sys.stdout.write(f"{number} {'x' * 10_000}\n")
    path = attempt_logs.path_of(tmp_path, 3, 1)
    assert path.stat().st_size <= 4 * attempt_logs.MOST_BYTES
    lines = (attempt_logs.read(tmp_path, 3, 1) or "").splitlines()
    assert "left out" in lines[0]
    assert [line.split()[1] for line in lines[1:]] == [str(n) for n in range(34, 40)]


def test_a_disk_that_refuses_stops_nothing(tmp_path: Path) -> None:
    attempt_logs.make_folder(tmp_path)
    (tmp_path / attempt_logs.FOLDER / "3").write_text("in the way")
    with attempt_log.kept(str(tmp_path), [assignment(1)]):
        sys.stdout.write("lost\n")
    assert attempt_logs.read(tmp_path, 3, 1) is None
