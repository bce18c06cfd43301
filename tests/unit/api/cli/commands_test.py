"""What the server brings to the command line: its commands, its address, its errors in words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from api.cli import doctor
from api.cli.commands import SERVER
from api.cli.main import app, main
from service.errors import NotFoundError, SettingsError, UnsafeBindingError


@pytest.mark.parametrize(
    ("error", "sentence", "code"),
    [
        (SettingsError("unknown setting DENSEARCH_X"), "unknown setting DENSEARCH_X", 2),
        (UnsafeBindingError("0.0.0.0"), "--allow-remote", 2),  # noqa: S104 - refused
        (NotFoundError("job", 5), "there is no job 5", 1),
        (
            OperationalError("SELECT secret", {}, Exception("no route\nmore")),
            "the database refused (no route): `densearch doctor` says more",
            1,
        ),
    ],
)
def test_an_error_of_the_service_has_a_sentence_and_a_code(
    error: Exception, sentence: str, code: int
) -> None:
    explained = SERVER.explain(error)
    assert explained is not None
    assert sentence in explained[0]
    assert "secret" not in explained[0]
    assert explained[1] == code


def test_a_foreign_error_is_left_to_others() -> None:
    assert SERVER.explain(ZeroDivisionError()) is None


def test_the_address_comes_from_the_option_then_from_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DENSEARCH_URL", "http://there:1")
    assert SERVER.url_of(None) == "http://there:1"
    assert SERVER.url_of("http://here:2") == "http://here:2"
    monkeypatch.setenv("DENSEARCH_ULR", "http://there:1")
    with pytest.raises(SettingsError, match="DENSEARCH_ULR"):
        SERVER.url_of("http://here:2")


@pytest.mark.parametrize(
    "command",
    [
        *("serve --port 0", "api --port 0", "dispatch", "dispatch --no-restart", "db upgrade"),
        *("db current", "db downgrade base", "db prune --older-than 30d", "doctor", "demo"),
        *("bench operator", "jobs", "again 1"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence_in_every_command(
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DENSEARCH_DATABASE_URL", "mysql+pymysql://me:s3cret@db/densearch")
    monkeypatch.setattr(sys, "argv", ["densearch", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = "".join(capsys.readouterr())
    assert ended.value.code == 2
    assert shown.count("DENSEARCH_DATABASE_URL: is an address of MySQL") == 1
    assert "s3cret" not in shown
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [0, 1])
def test_the_doctor_ends_with_the_result_of_its_checks(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _url, _data_dir, **_options: code)
    assert CliRunner().invoke(app, ["doctor"]).exit_code == code
