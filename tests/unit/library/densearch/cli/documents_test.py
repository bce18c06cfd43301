"""`densearch report`: the format, the file, and what opens it."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any, Self

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from densearch.cli import documents


class _Server:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def document(self, job_id: int, form: str) -> bytes:
        return f"{job_id} as {form}".encode()


@pytest.fixture(autouse=True)
def _server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(documents, "connect", lambda _url: _Server())
    monkeypatch.chdir(tmp_path)


def _run(*words: str) -> Any:  # noqa: ANN401 - typer's Result
    return CliRunner().invoke(app, ["report", "7", *words])


@pytest.mark.parametrize(
    ("words", "name", "form"),
    [
        ((), "report-7.html", "html"),
        (("--format", "md"), "report-7.md", "md"),
        (("--out", "a.pdf"), "a.pdf", "pdf"),
        (("--out", "a.HTM"), "a.HTM", "html"),
        (("--out", "a"), "a", "html"),
        (("--out", "a.txt", "--format", "json"), "a.txt", "json"),
    ],
)
def test_the_file_and_its_format(words: tuple[str, ...], name: str, form: str) -> None:
    result = _run(*words)
    assert (result.exit_code, result.stdout) == (0, f"{name}\n")
    assert Path(name).read_text() == f"7 as {form}"


def test_a_dash_is_stdout_and_writes_no_file() -> None:
    assert _run("--out", "-").stdout == "7 as html"
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "docx"), "choose one of html, md, pdf, json"),
        (("--out", "a.docx"), "the ending of a.docx is no format"),
        (("--out", "-", "--open"), "--open needs a file"),
    ],
)
def test_what_cannot_be_is_refused_with_the_choices(words: tuple[str, ...], said: str) -> None:
    result = _run(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("opens", [True, False])
def test_the_file_is_opened_where_something_opens_it(
    monkeypatch: pytest.MonkeyPatch, opens: bool
) -> None:
    asked: list[str] = []

    def opened(address: str) -> bool:
        asked.append(address)
        return opens

    monkeypatch.setattr(webbrowser, "open", opened)
    result = _run("--open")
    assert asked == [Path("report-7.html").resolve().as_uri()]
    assert ("by hand" in result.stderr) is not opens
