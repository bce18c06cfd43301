"""The doctor's lines of a joined cluster's nodes, by what a process of its own has printed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api.cli import node_checks
from api.cli.findings import Finding
from service.settings import Settings
from workers.node_sight import State


def findings(
    monkeypatch: pytest.MonkeyPatch, folder: Path, stdout: str, stderr: str = ""
) -> list[Finding]:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert command[-2:] == ["head:6379", str(folder)]
        return subprocess.CompletedProcess(command, 1, stdout, stderr)

    monkeypatch.setattr(subprocess, "run", run)
    settings = Settings(ray_address="head:6379", data_dir=folder)
    return list(node_checks.check_nodes(settings))


@pytest.mark.parametrize(
    ("state", "level", "detail", "remedy"),
    [
        ("sees", "ok", "sees {folder}", ""),
        ("unwritable", "warn", "may not write", "make {folder}/checkpoints writable"),
        ("other", "fail", "has another directory at {folder}", "mount this machine's {folder}"),
        ("absent", "fail", "does not see {folder}", "mount it there at the same path"),
        ("silent", "warn", "has not answered", "look at its Ray node"),
        ("failed", "warn", "could not look: no module", "install the same densearch"),
    ],
)
def test_each_node_has_its_line(
    state: State,
    level: str,
    detail: str,
    remedy: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    seen = {"node": "10.0.0.7", "state": state, "reason": "no module"}
    told = json.dumps({"nodes": [seen]})
    (found,) = findings(monkeypatch, tmp_path, f"a word of Ray's\n{told}")
    assert (found.level, found.subject) == (level, "node 10.0.0.7")
    assert detail.format(folder=tmp_path) in found.detail
    assert remedy.format(folder=tmp_path) in found.remedy


@pytest.mark.parametrize(
    ("stdout", "stderr", "detail"),
    [
        ('{"error": "no such cluster"}', "", "cannot be asked: no such cluster"),
        ("", "Traceback\nAborted", "cannot be asked: Aborted"),
        ("", "", "cannot be asked: its process ended with exit code 1"),
        ('{"nodes": []}', "", "none has CPUs or GPUs"),
    ],
)
def test_a_cluster_that_cannot_be_asked_is_a_warning(
    stdout: str, stderr: str, detail: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (found,) = findings(monkeypatch, tmp_path, stdout, stderr)
    assert (found.level, found.detail) == ("warn", detail)
    assert found.remedy


def test_nobody_is_asked_without_a_cluster_or_a_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("asked"))
    assert list(node_checks.check_nodes(Settings(data_dir=tmp_path))) == []
    absent = Settings(ray_address="head:6379", data_dir=tmp_path / "absent")
    (found,) = node_checks.check_nodes(absent)
    assert (found.level, "does not exist here yet" in found.detail) == ("warn", True)
