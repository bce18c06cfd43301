"""A worker's black box is there after a SIGKILL."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workers import black_box
from workers.black_box import BlackBox

WRITER = """
import sys, time
from pathlib import Path
from workers.black_box import BlackBox
box = BlackBox(Path(sys.argv[1]))
box.start()
kept = bytearray(80 * 2**20)
box.write()
print("written", flush=True)
time.sleep(60)
"""


def test_the_last_record_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "boxes" / "1.json"
    before = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    record = black_box.read(path)
    assert record is not None
    assert before < record.at < time.monotonic()
    assert 80 * 2**20 < record.peak_bytes < 2**33
    assert record.node is not None
    assert record.node.total_bytes > record.peak_bytes
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError()])
def test_what_refuses_a_record_keeps_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = tmp_path / "1.json"
    box = BlackBox(path)
    box.write()
    before = black_box.read(path)

    def full(*_: object) -> int:
        raise error

    monkeypatch.setattr("os.pwrite", full)
    box.write()
    assert black_box.read(path) == before
    assert before is not None


@pytest.mark.parametrize("text", ["", "{", json.dumps({"at": 1.0}), json.dumps([1])])
def test_a_damaged_record_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "1.json"
    path.write_text(text)
    assert black_box.read(path) is None
    assert black_box.read(tmp_path / "absent.json") is None
