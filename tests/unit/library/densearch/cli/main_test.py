"""Every error is a sentence and an exit code, with a server installed or without."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from densearch.cli import server
from densearch.cli.main import run
from densearch.cli.server import WITHOUT_SERVER, ServerCommands
from densearch.client import AddressError, ClientError, UnreachableError


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "current", lambda: WITHOUT_SERVER)


def ending_of(error: Exception, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return the exit code and the words of a command that raises an error."""

    def failing() -> None:
        raise error

    with pytest.raises(SystemExit) as ended:
        run(failing)
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (ClientError(409, "Conflict", "the job has ended"), 1, "the job has ended"),
        (UnreachableError("http://x", "refused"), 3, "no server answers at http://x"),
        (OSError(errno.ENOSPC, "No space left", "/out"), 2, "/out: No space left"),
        (OSError(errno.ENOSPC, "No space left"), 2, "the output cannot be written: No space left"),
        (AddressError("nonsense", "no protocol."), 2, "'nonsense' is no address of a server"),
        (OSError("no file is named"), 1, "a defect of densearch: OSError: no file is named"),
        (KeyError("items"), 1, "a defect of densearch: KeyError: 'items'"),
    ],
)
def test_an_error_is_a_sentence_and_an_exit_code(
    error: Exception, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, words = ending_of(error, capsys)
    assert found == code
    assert sentence in words
    assert "Traceback" not in words


def test_a_defect_is_raised_where_its_trace_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> None:
        raise ZeroDivisionError

    monkeypatch.setenv("DENSEARCH_LOG_LEVEL", "DEBUG")
    with pytest.raises(ZeroDivisionError):
        run(failing)


def test_an_installed_server_explains_its_own_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    knows = ServerCommands(lambda app: app, server.url_of, lambda error: (f"its {error}", 7))
    monkeypatch.setattr(server, "current", lambda: knows)
    assert ending_of(RuntimeError("words"), capsys) == (7, "densearch: its words\n")


def test_without_its_extra_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['typer'] = None; from densearch.cli.main import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert "typer is not installed" in ended.stderr
    assert "'./library[cli]'" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("output", "code", "words"),
    [(">&-", 0, ""), (">/dev/full", 2, "cannot be written: No space left on device")],
)
def test_an_output_that_takes_nothing_is_no_defect(output: str, code: int, words: str) -> None:
    line = f"{sys.executable} -m densearch.cli.main version --json {output}"
    ended = subprocess.run(
        ["sh", "-c", line], check=False, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == code
    assert words in ended.stderr
    assert ("Traceback" in ended.stderr, "Exception" in ended.stderr) == (False, False)
