"""The doctor's line on PDFs: made, an extra that is not installed, libraries that are missing."""

from __future__ import annotations

import pytest

from api.cli.pdf_check import check_pdf
from api.documents import pdf
from api.problems.handlers import ProblemError
from service.settings import Settings


def lines(monkeypatch: pytest.MonkeyPatch, outcome: bytes | ProblemError) -> list[tuple[str, str]]:
    def made(_html: str) -> bytes:
        if isinstance(outcome, ProblemError):
            raise outcome
        return outcome

    monkeypatch.setattr(pdf, "pdf_of", made)
    return [(found.level, found.detail + found.remedy) for found in check_pdf(Settings())]


def test_each_case_has_its_level(monkeypatch: pytest.MonkeyPatch) -> None:
    ((level, words),) = lines(monkeypatch, b"%PDF-" + b"x" * 1000)
    assert (level, "1,005 bytes" in words) == ("ok", True)
    ((level, words),) = lines(monkeypatch, ProblemError("pdf-unavailable", f"{pdf.EXTRA}; x"))
    assert (level, "pip install" in words) == ("ok", True)
    ((level, words),) = lines(monkeypatch, ProblemError("pdf-unavailable", pdf.LIBRARIES))
    assert (level, "apt install" in words) == ("warn", True)
