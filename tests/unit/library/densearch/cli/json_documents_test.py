"""One document for scripts, ASCII, or one problem."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from densearch.cli import jobs, json_documents
from densearch.cli.failures import fail
from densearch.cli.spec_files import explained
from densearch.client import ClientError
from densearch.client.transport import FieldFault

HOSTILE = "日本 \U0001f600 \x1b[31m \x7f \u202e"


@pytest.fixture(autouse=True)
def _in_words_again() -> Iterator[None]:
    yield
    json_documents.use([])


class _Refusing:
    def __enter__(self) -> _Refusing:
        return self

    def __exit__(self, *_: object) -> None: ...

    def jobs(self, **_: object) -> Iterator[dict[str, object]]:
        raise ClientError(404, "Not found", "no such job", (FieldFault("/a", "is odd"),))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["jobs", "--json"], True), (["jobs"], False), (["tag", "--", "--json"], False)],
)
def test_json_is_asked_for_before_the_end_of_the_options(
    arguments: list[str], expected: bool
) -> None:
    assert json_documents.use(arguments) is expected
    assert json_documents.is_wanted() is expected


@pytest.mark.parametrize("items", [[], [{"name": HOSTILE}], [{"id": n} for n in range(3)]])
def test_a_list_is_one_ascii_document(
    items: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    json_documents.print_items(items, more=[HOSTILE])
    text = capsys.readouterr().out
    assert all(" " <= character <= "~" or character == "\n" for character in text)
    assert json.loads(text) == {"items": items, "more": [HOSTILE]}


def test_an_error_before_the_first_item_leaves_stdout_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, "connect", lambda _url: _Refusing())
    ended = CliRunner().invoke(app, ["jobs", "--json"])
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert isinstance(ended.exception, ClientError)  # `main` explains it


def test_a_failure_is_one_problem_document(capsys: pytest.CaptureFixture[str]) -> None:
    json_documents.use(["--json"])
    with pytest.raises(SystemExit) as ended, explained():
        _Refusing().jobs()
    assert ended.value.code == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    problem = json.loads(shown.err)
    assert problem["status"] == 404
    assert problem["title"] == "Not found"
    assert problem["errors"] == [{"pointer": "/a", "detail": "is odd"}]
    assert (problem["n_errors"], problem["exit_code"]) == (1, 1)
    with pytest.raises(SystemExit):
        fail("without a title", 2)
    assert json.loads(capsys.readouterr().err)["title"] == "Wrong usage"
    json_documents.use([])
    with pytest.raises(SystemExit):
        fail("in words")
    assert capsys.readouterr().err == "densearch: in words\n"


@pytest.mark.parametrize("words", [["shwo"], ["show", "x"], ["show"], ["jobs", "--limit", "0"]])
def test_wrong_usage_is_a_problem_too(words: list[str]) -> None:
    ended = CliRunner().invoke(app, [*words, "--json"])
    assert (ended.exit_code, ended.stdout) == (2, "")
    problem = json.loads(ended.stderr)
    assert (problem["title"], problem["exit_code"]) == ("Wrong usage", 2)
    assert problem["detail"]


@pytest.mark.parametrize("words", [["--version"], ["version"]])
def test_the_version_is_printed(words: list[str]) -> None:
    ended = CliRunner().invoke(app, words)
    assert (ended.exit_code, ended.stdout.count(".")) == (0, 2)
    as_json = CliRunner().invoke(app, ["version", "--json"])
    assert json.loads(as_json.stdout) == {"version": ended.stdout.strip()}
