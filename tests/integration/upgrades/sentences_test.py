"""Every command names an unusable database in one sentence, and does not change it."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from api.cli import http_server
from api.cli.main import main
from service import logs
from service.settings import Settings
from service.storage import schema
from service.storage.database import Database
from tests.support import filling
from workers.__main__ import main as dispatch

COMMANDS = ("api", "serve", "db upgrade", "db downgrade 0001", "db current", "dispatch", "doctor")
HEAD = schema.head()
BACKUP = "densearch-0002-20260101T000000Z.sqlite3"


def ask(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def newer(path: Path) -> None:
    ask(path, "UPDATE alembic_version SET version_num = '0017'")
    # An unusable copy: its version is newer, too.
    (path.parent / "densearch-0016-20260301T000000Z.sqlite3").touch()
    (path.parent / BACKUP).touch()


def other_program(path: Path) -> None:
    path.unlink()
    ask(path, "CREATE TABLE customers (id INTEGER)")


def other_alembic(path: Path) -> None:
    path.unlink()
    ask(path, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    ask(path, "CREATE TABLE customers (id INTEGER)")
    ask(path, "INSERT INTO alembic_version VALUES ('ae1027a6acf')")


def damaged(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\x55" * (len(raw) - 4096)
    path.write_bytes(raw)


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "newer": (
        newer,
        f"this version knows up to {HEAD}): install that version, or restore the backup {BACKUP}",
    ),
    "two revisions": (
        lambda path: ask(path, "INSERT INTO alembic_version VALUES ('0003')"),
        f"alembic_version holds several revisions (0003, {HEAD})",
    ),
    "no revision": (
        lambda path: ask(path, "DELETE FROM alembic_version"),
        "alembic_version holds no revision",
    ),
    "another program": (other_program, "belongs to another program (it holds the tables cust"),
    "another program with Alembic": (other_alembic, "belongs to another program"),
    "a text": (lambda path: path.write_text("Dear diary, " * 99), "file is not a database"),
    "damaged": (damaged, "cannot be read as a database (database disk image is malformed)"),
}


def run(command: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("DENSEARCH_DATA_DIR", str(path.parent))
    monkeypatch.setenv("DENSEARCH_PORT", "0")
    monkeypatch.setenv("DENSEARCH_URL", "http://127.0.0.1:1")
    # Loggers of later tests would keep the stream that this test's capture closes.
    monkeypatch.setattr(logs, "configure", lambda _settings: None)
    if command == "dispatch":
        monkeypatch.setattr(sys, "argv", ["workers"])
        return dispatch()
    if command == "doctor":
        from api.cli import doctor
        from api.cli.checks import CHECKS

        # The others take seconds and do not concern databases; the migrations say the same again.
        monkeypatch.setattr(doctor, "CHECKS", {"database": CHECKS["database"]})
    monkeypatch.setattr(sys, "argv", ["densearch", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(str(ended.value.code))


def commands_of(wrong: str) -> list[str]:
    """Return four of the commands, in their order: each meets four of the cases."""
    first = list(WRONG).index(wrong)
    chosen = {(first + step) % len(COMMANDS) for step in (0, 1, 2, 4)}
    return [command for index, command in enumerate(COMMANDS) if index in chosen]


@pytest.mark.parametrize("wrong", WRONG)
def test_every_command_says_what_is_wrong(
    sqlite_template: Path,
    tmp_path: Path,
    wrong: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "densearch.sqlite3"
    shutil.copy(sqlite_template, path)
    spoil, sentence = WRONG[wrong]
    spoil(path)
    before = path.read_bytes()
    for command in commands_of(wrong):
        code = run(command, path, monkeypatch)
        said = capfd.readouterr()
        text = said.out + said.err
        assert code == 1, (command, text)
        lines = [line for line in text.splitlines() if sentence in line]
        assert len(lines) == 1, (command, text)
        assert "Traceback" not in text, command
        assert "sqlalche.me" not in text, command
        if command != "doctor":
            assert len(said.err.splitlines()) == 1, (command, said.err)
    assert path.read_bytes()[100:] == before[100:], "only SQLite's own header may differ (WAL)"


def test_the_words_after_an_upgrade_lead_back(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    filling.at(sqlite_database, "0003")
    sqlite_database.close()
    path = Path(str(sqlite_database.url.database))
    monkeypatch.setenv("DENSEARCH_DATA_DIR", str(path.parent))
    monkeypatch.setattr(sys, "argv", ["densearch", "db", "upgrade"])
    main_of_success()
    out = capfd.readouterr().out
    (copy,) = path.parent.glob("densearch-0003-*.sqlite3")
    assert f"upgraded from 0003 to {HEAD}" in out
    assert f"the database as it was before: {copy}" in out
    assert f"  rm -f {path}-wal {path}-shm && cp {copy} {path}\n" in out
    main_of_success()
    assert f"is at revision {HEAD} already" in capfd.readouterr().out
    monkeypatch.setattr(sys, "argv", ["densearch", "db", "downgrade", "0003", "--no-backup"])
    main_of_success()
    assert f"downgraded from {HEAD} to 0003\n" in capfd.readouterr().out
    assert list(path.parent.glob("densearch-*.sqlite3")) == [copy]
    assert schema.current(sqlite_database) == "0003"


def test_a_server_says_where_the_copy_is(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: dict[str, str] = {}
    monkeypatch.setattr(http_server, "log", SimpleNamespace(warning=lambda _, **k: said.update(k)))
    before = filling.at(sqlite_database, "0003")
    path = Path(str(sqlite_database.url.database))
    sqlite_database.close()
    http_server.upgrade(Settings(data_dir=path.parent), sqlite_database)
    (copy,) = path.parent.glob("densearch-0003-*.sqlite3")
    assert said["copy"] == str(copy)
    assert f"rm -f {path}-wal {path}-shm && cp {copy} {path}" in said["to_go_back"]
    kept, found = filling.common(before, filling.contents(sqlite_database))
    assert kept == found


def main_of_success() -> None:
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
