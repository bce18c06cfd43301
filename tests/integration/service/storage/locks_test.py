"""One `serve` per data directory, one dispatcher per SQLite file, none during a migration."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from api.cli import http_server
from service.errors import DirectoryInUseError
from service.settings import Settings
from service.storage import locks
from service.storage.database import Database

PATIENCE_S = 60.0
HOLD = (
    "import sys; from service.settings import Settings; from service.storage import locks\n"
    "locks.hold_server(Settings(data_dir=sys.argv[1])); print('held', flush=True); input()"
)
OPEN = (
    "import sys, sqlite3; file = sqlite3.connect(sys.argv[1])\n"
    "file.execute('SELECT * FROM jobs').fetchall(); print('open', flush=True); input()"
)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def started(stack: ExitStack, program: str, *args: str) -> subprocess.Popen[str]:
    """Start a program and wait for its first line; it ends with the test."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program, *args]
    process = stack.enter_context(
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, close_fds=False)
    )
    stack.callback(process.kill)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def test_a_second_server_is_refused_and_told_who_is_there(settings: Settings) -> None:
    with locks.hold_server(settings), pytest.raises(DirectoryInUseError) as caught:
        locks.hold_server(settings, wait_s=0.0)
    sentence = str(caught.value)
    assert str(settings.data_dir) in sentence
    assert f"`densearch serve` (process {os.getpid()} on " in sentence
    assert "--data-dir" in sentence
    locks.hold_server(settings, wait_s=0.0).close()


def test_the_server_command_gives_up_before_it_touches_the_database(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = locks.hold_server(settings)
    monkeypatch.setattr(locks, "hold_server", partial(locks.hold_server, wait_s=0.0))
    with hold, pytest.raises(DirectoryInUseError):
        http_server.run(settings, with_dispatcher=True)
    assert not settings.sqlite_path.exists()


def test_the_same_directory_by_another_name_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    with locks.hold_server(Settings(data_dir=tmp_path / "real")):
        for name in ("real", "linked", "./linked/../real"):
            with pytest.raises(DirectoryInUseError):
                locks.hold_server(Settings(data_dir=Path(name)), wait_s=0.0)


def test_one_sqlite_file_under_two_data_directories_has_one_server(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared/densearch.sqlite3"
    with locks.hold_server(Settings(data_dir=tmp_path / "a", database_url=url)):
        with pytest.raises(DirectoryInUseError):
            locks.hold_server(Settings(data_dir=tmp_path / "b", database_url=url), wait_s=0.0)
        locks.hold_server(Settings(data_dir=tmp_path / "b"), wait_s=0.0).close()


def test_files_left_behind_hold_nothing_and_deleting_them_frees_nothing(
    settings: Settings, stack: ExitStack
) -> None:
    holder = started(stack, HOLD, str(settings.data_dir))
    for file in settings.data_dir.iterdir():
        file.unlink()
    with pytest.raises(DirectoryInUseError, match="another process"):
        locks.hold_server(settings, wait_s=0.0)
    holder.kill()
    holder.wait()
    (settings.data_dir / "holder.json").write_text('{"pid": 1, "of": "another version"}')
    (settings.data_dir / "dispatcher.lock").write_text("stale")
    locks.hold_server(settings, wait_s=0.0).close()
    locks.hold_dispatcher(settings, has_server=False, wait_s=0.0).close()


def test_a_predecessor_that_is_dying_is_waited_for(settings: Settings, stack: ExitStack) -> None:
    holder = started(stack, HOLD, str(settings.data_dir))
    with pytest.raises(DirectoryInUseError, match=f"process {holder.pid} "):
        locks.hold_server(settings, wait_s=0.2)
    timer = threading.Timer(0.3, holder.send_signal, [signal.SIGKILL])
    timer.start()
    locks.hold_server(settings, wait_s=PATIENCE_S).close()
    timer.join()


def test_what_outlives_the_holder_holds_nothing(settings: Settings, stack: ExitStack) -> None:
    hold = locks.hold_dispatcher(settings, has_server=False)
    # Started with every descriptor that it can inherit, as a careless library would.
    started(stack, "print('up', flush=True); input()")
    forked = os.fork()
    if forked == 0:
        signal.pause()
        os._exit(0)
    stack.callback(os.waitpid, forked, 0)
    stack.callback(os.kill, forked, signal.SIGKILL)
    hold.close()
    locks.hold_dispatcher(settings, has_server=False, wait_s=5.0).close()


def test_a_dispatcher_alone_is_refused_where_a_server_or_another_one_works(
    settings: Settings,
) -> None:
    with locks.hold_server(settings):
        with pytest.raises(DirectoryInUseError):
            locks.hold_dispatcher(settings, has_server=False, wait_s=0.0)
        # The server's own child may, and one child at a time.
        with (
            locks.hold_dispatcher(settings, has_server=True),
            pytest.raises(DirectoryInUseError, match="densearch dispatch"),
        ):
            locks.hold_dispatcher(settings, has_server=True, wait_s=0.0)
    with locks.hold_dispatcher(settings, has_server=False):
        with pytest.raises(DirectoryInUseError):
            locks.hold_dispatcher(settings, has_server=False, wait_s=0.0)
        with pytest.raises(DirectoryInUseError):
            locks.hold_server(settings, wait_s=0.0)


def test_dispatchers_on_postgresql_share_a_directory_and_servers_do_not(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://nobody@localhost/none")
    with locks.hold_server(settings):
        for has_server in (True, False, False):
            locks.hold_dispatcher(settings, has_server=has_server, wait_s=0.0)
        locks.hold_migration(settings, wait_s=0.0)
        with pytest.raises(DirectoryInUseError):
            locks.hold_server(settings, wait_s=0.0)


def test_the_dispatcher_command_waits_for_the_one_before_it(
    tmp_path: Path, stack: ExitStack
) -> None:
    settings = Settings(data_dir=tmp_path)
    hold = locks.hold_server(settings)
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "workers"],
            env={**os.environ, "DENSEARCH_DATA_DIR": str(tmp_path)},
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    stack.callback(process.kill)
    assert process.stderr is not None
    for line in process.stderr:
        if "waiting for its end" in line:
            break
    assert not settings.sqlite_path.exists()
    hold.close()
    rest = process.stderr.read()
    assert "the database is at revision none" in rest  # it went on, and found nothing to dispatch
    assert process.wait(PATIENCE_S) == 1


def test_nobody_migrates_a_file_that_others_have_open(
    settings: Settings, sqlite_database: Database, stack: ExitStack
) -> None:
    """An older version holds none of our locks, and `densearch api` needs none."""
    sqlite_database.close()
    other = started(stack, OPEN, str(settings.sqlite_path))
    with pytest.raises(DirectoryInUseError, match=f"process {other.pid}:"):
        locks.hold_migration(settings, wait_s=0.0)
    other.kill()
    with locks.hold_migration(settings, wait_s=PATIENCE_S):
        for refused in (
            partial(locks.hold_server, settings),
            partial(locks.hold_dispatcher, settings, has_server=True),
            partial(locks.hold_migration, settings),
        ):
            with pytest.raises(DirectoryInUseError, match="db upgrade"):
                refused(wait_s=0.0)


def test_a_server_upgrades_alone(
    settings: Settings, sqlite_database: Database, stack: ExitStack
) -> None:
    from service.storage import schema

    schema.downgrade(sqlite_database, "-1")
    sqlite_database.close()
    started(stack, OPEN, str(settings.sqlite_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "hold_migration", partial(locks.hold_migration, wait_s=0.0))
        with pytest.raises(DirectoryInUseError):
            http_server.run(settings, with_dispatcher=True)


def test_a_directory_that_cannot_be_written_is_locked_all_the_same(
    settings: Settings, stack: ExitStack
) -> None:
    settings.data_dir.chmod(0o500)
    stack.callback(settings.data_dir.chmod, 0o700)
    with locks.hold_server(settings), pytest.raises(DirectoryInUseError):
        locks.hold_server(settings, wait_s=0.0)


def test_a_file_system_without_locks_is_used_unprotected(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr("fcntl.flock", refuse)
    with locks.hold_server(settings):
        locks.hold_server(settings, wait_s=0.0).close()
