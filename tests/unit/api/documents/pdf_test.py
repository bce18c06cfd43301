"""How the process of a PDF may end, and that a real one has text, pages and fonts of its own."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.documents import pdf
from api.documents.blocks import DocumentSection, JobDocument, TextBlock
from api.documents.html_page import html_of
from api.problems.handlers import ProblemError


def ending(monkeypatch: pytest.MonkeyPatch, code: int, stdout: bytes = b"", err: str = "") -> str:
    """Return the slug of the problem that an end of the process is answered by."""
    done: Any = subprocess.CompletedProcess([], code, stdout, err.encode())
    monkeypatch.setattr(subprocess, "run", lambda *_args, **_options: done)
    with pytest.raises(ProblemError) as caught:
        pdf.pdf_of("<p>")
    assert "format=html" in caught.value.detail
    return f"{caught.value.problem.slug}: {caught.value.detail}"


@pytest.mark.parametrize(
    ("code", "stdout", "expected"),
    [
        (81, b"", "pdf-unavailable: the extra is not installed: pip install"),
        (82, b"", "pdf-unavailable: its system libraries are missing (Debian: apt install lib"),
        (-9, b"", "pdf-failed: WeasyPrint failed (was ended by SIGKILL"),
        (0, b"<html>", "pdf-failed: WeasyPrint failed"),
    ],
)
def test_each_end_is_a_problem_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, code: int, stdout: bytes, expected: str
) -> None:
    assert ending(monkeypatch, code, stdout).startswith(expected)


def test_the_last_line_of_an_error_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    said = ending(monkeypatch, 1, err="Traceback\nMemoryError")
    assert said.startswith("pdf-failed: WeasyPrint failed (MemoryError)")


def test_a_process_that_takes_too_long_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_args: object, **options: Any) -> None:
        raise subprocess.TimeoutExpired("python", options["timeout"])

    monkeypatch.setattr(subprocess, "run", late)
    with pytest.raises(ProblemError, match="took over 4 s"):
        pdf.pdf_of("<p>", limit_s=8.0)


def test_its_process_gets_no_setting_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str] = {}

    def run(*_args: object, env: dict[str, str], **_options: object) -> object:
        given.update(env)
        return subprocess.CompletedProcess([], 0, b"%PDF-1.7", b"")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("DENSEARCH_DATABASE_URL", "postgresql://u:secret@h/d")
    assert pdf.pdf_of("<p>") == b"%PDF-1.7"
    assert given
    assert not [name for name in given if name.startswith("DENSEARCH_")]


def made(html: str) -> bytes:
    try:
        return pdf.pdf_of(html)
    except ProblemError as error:
        if error.problem.slug == "pdf-unavailable":
            pytest.skip(error.detail)
        raise


def test_a_pdf_has_its_text_on_its_pages_and_its_fonts_in_itself(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    section = DocumentSection("s", "Second section", [TextBlock("the rest")])
    name = "<b> \u05d0\u05d1 x"
    html = html_of(JobDocument(name, "Report of job 1", [TextBlock("The answer.")], [section]))
    foreign = tmp_path / "foreign.svg"
    foreign.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text y="20">secret</text></svg>')
    content = made(html.replace("</main>", f'<img src="{foreign.as_uri()}"></main>'))
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    texts = [page.extract_text() for page in pages]
    assert len(texts) == 2
    assert "<b>" in texts[0]
    assert "The answer." in texts[0]
    assert "1 / 2" in texts[0]
    assert "Second section" in texts[1]
    assert "secret" not in "".join(texts), "a document loads nothing"
    fonts = [font.get_object() for page in pages for font in page["/Resources"]["/Font"].values()]
    descriptors = [
        inner.get_object()["/FontDescriptor"]
        for font in fonts
        for inner in font["/DescendantFonts"]
    ]
    assert descriptors
    assert all({"/FontFile2", "/FontFile3"} & set(own) for own in descriptors)


def test_without_weasyprint_the_exit_code_says_so() -> None:
    code = (
        "import sys; sys.modules['weasyprint'] = None; from api.documents import pdf_process as p"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; p.main()"], input=b"", capture_output=True, check=False
    )
    assert done.returncode == 81
