"""A check that dies, hangs or fails is a finding, with what to do."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator

import pytest

from api.cli import check_process, checks
from api.cli.findings import Finding
from service.settings import Settings


def found(code: str, limit_s: float = 30.0, **env: str) -> list[Finding]:
    plain = {name: v for name, v in os.environ.items() if name not in check_process.FOREIGN}
    command = [sys.executable, "-c", code]
    return list(check_process.run("it", command, plain | env, limit_s))


def test_what_it_prints_last_is_what_it_found() -> None:
    assert found(
        'print("noise"); print(\'[{"level": "ok", "subject": "a", "detail": "b"}]\')'
    ) == [Finding("ok", "a", "b")]
    assert found("print('[]')") == []


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("import os; os.kill(os.getpid(), 11)", "ended by SIGSEGV"),
        ("raise ImportError('no such library')", "ImportError: no such library"),
        ("raise SystemExit(3)", "ended with exit code 3"),
    ],
)
def test_a_check_that_dies_is_a_finding(code: str, detail: str) -> None:
    (finding,) = found(code)
    assert (finding.level, finding.detail) == ("fail", detail)
    assert finding.remedy == "./run setup installs everything again"
    (finding,) = found(code, LD_LIBRARY_PATH="/cluster/old")
    assert "LD_LIBRARY_PATH=/cluster/old" in finding.remedy


def test_a_check_that_hangs_is_killed_with_what_it_started() -> None:
    code = "import subprocess; subprocess.run(['sleep', '600'])"
    (finding,) = found(code, limit_s=0.5)
    assert (finding.level, finding.detail) == ("fail", "takes over 0.5 s")


def test_without_a_process_there_is_a_finding() -> None:
    (finding,) = check_process.run("it", ["/no/such/program"], {}, 1.0)
    assert "no process could be started" in finding.detail


def test_an_error_in_a_check_is_a_finding_after_those_before_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_settings: Settings) -> Iterator[Finding]:
        yield Finding("ok", "first", "works")
        raise ImportError("no such\nlibrary")

    monkeypatch.setattr(checks, "CHECKS", {"odd": (fails, 1.0)})
    monkeypatch.setattr(sys, "argv", ["check_process", "odd"])
    assert check_process.main() == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["subject"], second["subject"], second["level"]) == ("first", "odd", "fail")
    assert second["detail"] == "cannot be examined: ImportError: no such"
