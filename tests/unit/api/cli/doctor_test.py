"""The doctor's lines come in the order of the checks, which run at the same time."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from api.cli import checks, doctor
from api.cli.findings import Finding


def test_lines_come_in_order_whatever_check_ends_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(name: str, env: Mapping[str, str], limit_s: float) -> list[Finding]:
        assert (env["DENSEARCH_URL"], limit_s > 0) == ("http://other:9", True)
        time.sleep(0.05 if name == first else 0)
        return [Finding("fail" if name == "ray" else "ok", name, "seen", "mend it")]

    first, *_ = checks.CHECKS
    monkeypatch.setattr(doctor, "findings_of", answer)
    assert doctor.examine("http://other:9", None) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if "->" not in line] == [
        f"{name}:" for name in checks.CHECKS
    ]
    assert [line.strip() for line in lines if "->" in line] == ["-> mend it"]
