"""The roles' commands: options win over the environment, and bad settings start nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from typer.testing import CliRunner

from api.cli import dispatcher, http_server
from api.cli.main import app
from service.errors import SettingsError, UnusableDirectoryError
from service.settings import Settings

Started = list[tuple[str, Settings]]


pytestmark = pytest.mark.usefixtures("mask")


@pytest.fixture(autouse=True)
def _interrupts() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """What would have been started."""
    found: Started = []

    def run(settings: Settings, *, with_dispatcher: bool) -> None:
        found.append(("serve" if with_dispatcher else "api", settings))

    def supervise(settings: Settings) -> int:
        found.append(("dispatch", settings))
        return 4

    def replace_process(settings: Settings) -> NoReturn:
        found.append(("dispatch alone", settings))
        raise SystemExit(5)

    monkeypatch.setattr(http_server, "run", run)
    monkeypatch.setattr(dispatcher, "supervise", supervise)
    monkeypatch.setattr(dispatcher, "replace_process", replace_process)
    return found


@pytest.mark.parametrize("role", ["serve", "api"])
def test_options_win_over_the_environment(
    role: str, started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DENSEARCH_PORT", "1111")
    monkeypatch.setenv("DENSEARCH_LEASE_S", "44")
    words = [role, "--port", "2222", "--data-dir", str(tmp_path)]
    assert CliRunner().invoke(app, words).exit_code == 0
    ((name, settings),) = started
    assert name == role
    assert (settings.port, settings.data_dir, settings.lease_s) == (2222, tmp_path, 44)
    assert settings.allow_remote is False
    assert os.umask(0o077) & 0o077 == 0o077


@pytest.mark.parametrize(
    ("words", "name", "code"),
    [([], "dispatch", 4), (["--no-restart"], "dispatch alone", 5)],
)
def test_a_dispatcher_ends_with_the_code_of_what_it_runs(
    words: list[str], name: str, code: int, started: Started, tmp_path: Path
) -> None:
    done = CliRunner().invoke(app, ["dispatch", "--data-dir", str(tmp_path), *words])
    assert done.exit_code == code
    assert [one for one, _ in started] == [name]


def test_a_dispatcher_without_a_directory_starts_nothing(started: Started, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = CliRunner().invoke(app, ["dispatch", "--data-dir", str(tmp_path / "file" / "data")])
    assert isinstance(done.exception, UnusableDirectoryError)
    assert started == []


@pytest.mark.parametrize("role", ["serve", "api", "dispatch"])
def test_a_misspelt_setting_starts_nothing(
    role: str, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DENSEARCH_DATA_DRI", "data")
    done = CliRunner().invoke(app, [role])
    assert isinstance(done.exception, SettingsError)
    assert started == []
