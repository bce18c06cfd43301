"""The supervisor of the dispatcher, with small programs in its place."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli.dispatcher import RayHead, Supervisor
from service import process_limit, start_failures

PATIENCE_S = 30.0


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_a_child_that_dies_is_started_again_until_the_end() -> None:
    supervisor = Supervisor(program("raise SystemExit(3)"), first_delay_s=0.01)
    supervisor.start()
    wait_for(lambda: supervisor.n_starts >= 3)
    supervisor.stop()
    n_starts = supervisor.n_starts
    time.sleep(0.3)
    assert supervisor.n_starts == n_starts


def test_a_child_that_will_not_end_is_killed_with_its_own_children(tmp_path: Path) -> None:
    told = tmp_path / "pids"
    stubborn = (
        "import os, pathlib, signal, subprocess, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "inner = subprocess.Popen(['sleep', '600'])\n"
        f"path = pathlib.Path({str(told)!r})\n"
        "path.with_suffix('.part').write_text(f'{os.getpid()} {inner.pid}')\n"
        "path.with_suffix('.part').rename(path)\n"
        "time.sleep(600)\n"
    )
    supervisor = Supervisor(program(stubborn), patience_s=0.2)
    supervisor.start()
    wait_for(told.exists)
    pids = [int(pid) for pid in told.read_text().split()]
    assert pids[0] == supervisor.pid
    supervisor.stop()
    wait_for(lambda: not any(is_alive(pid) for pid in pids))


def test_stopping_what_was_never_started_is_harmless() -> None:
    supervisor = Supervisor(program("pass"))
    supervisor.stop()
    assert supervisor.pid is None


def test_what_a_dead_child_leaves_behind_is_killed_before_the_next(tmp_path: Path) -> None:
    """Ray's workers have separate process groups in the session of the dispatcher."""
    left = tmp_path / "pids"
    careless = (
        "import os, pathlib, subprocess\n"
        "inner = subprocess.Popen(['sleep', '600'], process_group=0)\n"
        f"with open({str(left)!r}, 'a') as file: print(inner.pid, file=file)\n"
        "os._exit(3)\n"
    )
    supervisor = Supervisor(program(careless), first_delay_s=0.01)
    supervisor.start()
    wait_for(lambda: supervisor.n_starts >= 3)
    supervisor.stop()
    pids = [int(pid) for pid in left.read_text().split()]
    assert len(pids) >= 2
    wait_for(lambda: not any(is_alive(pid) for pid in pids))


def test_a_child_that_refuses_is_not_started_again() -> None:
    supervisor = Supervisor(program("raise SystemExit(1)"), first_delay_s=0.01, final_codes=(1,))
    supervisor.start()
    wait_for(lambda: supervisor.final_code is not None)
    assert (supervisor.final_code, supervisor.n_starts) == (1, 1)
    supervisor.stop()


def note(path: Path, more: str = "") -> list[str]:
    """Return a program that writes its process id and its arguments down."""
    return program(
        "import os, sys, time\n"
        f"with open({str(path)!r}, 'a') as file: print(os.getpid(), *sys.argv[1:], file=file)\n"
        + more
    )


def lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def supervised(tmp_path: Path, code: int) -> tuple[Supervisor, Path, Path]:
    heads, children = tmp_path / "heads", tmp_path / "children"
    head = RayHead(note(heads, "time.sleep(600)"), dict(os.environ), patience_s=0.2)
    child = note(children, f"time.sleep(0.2); os._exit({code})")
    return Supervisor(child, first_delay_s=0.01, head=head), heads, children


def test_the_process_that_keeps_ray_outlives_a_dispatcher(tmp_path: Path) -> None:
    supervisor, heads, children = supervised(tmp_path, 4)
    supervisor.start()
    wait_for(lambda: len(lines(children)) >= 3)
    supervisor.stop()
    ((pid, *file),) = lines(heads)
    assert {tuple(line[1:]) for line in lines(children)} == {("--ray-head", pid, file[-1])}
    assert not is_alive(int(pid))


def test_a_lost_ray_is_ended_with_the_process_that_keeps_it(tmp_path: Path) -> None:
    supervisor, _, children = supervised(tmp_path, 3)
    supervisor.start()
    wait_for(lambda: len(lines(children)) >= 3)
    supervisor.stop()
    heads = [line[2] for line in lines(children)]
    assert len(set(heads)) == len(heads)
    assert not any(is_alive(int(pid)) for pid in heads)


def test_a_dead_process_that_kept_ray_is_followed_by_another(tmp_path: Path) -> None:
    supervisor, _, children = supervised(tmp_path, 4)
    supervisor.start()
    wait_for(lambda: bool(lines(children)))
    first = lines(children)[0][2]
    os.kill(int(first), signal.SIGKILL)
    wait_for(lambda: lines(children)[-1][2] != first)
    n_before = len(lines(children))
    wait_for(lambda: len(lines(children)) > n_before)
    supervisor.stop()
    assert len({line[2] for line in lines(children)}) == 2


def test_why_a_child_ended_is_kept_where_it_kept_no_reason_itself(tmp_path: Path) -> None:
    keeping = f"start_failures.keep(pathlib.Path({str(tmp_path)!r}), 'no room')"
    for text, reason in (
        ("raise SystemExit(3)", "it ended with exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "it was ended by SIGSEGV"),
        (f"import pathlib; from service import start_failures; {keeping}", "no room"),
    ):
        supervisor = Supervisor(program(text), first_delay_s=0.01, data_dir=tmp_path)
        supervisor.start()
        wait_for(lambda: (start_failures.last(tmp_path) or "").startswith(reason))  # noqa: B023
        supervisor.stop()


def test_an_abort_for_want_of_processes_names_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_limit, "lack", lambda _: "uid 5 may have 60 processes")
    aborting = program("import os, signal; os.kill(os.getpid(), signal.SIGABRT)")
    supervisor = Supervisor(aborting, first_delay_s=0.01, data_dir=tmp_path)
    supervisor.start()
    wait_for(lambda: start_failures.last(tmp_path) == "uid 5 may have 60 processes")
    supervisor.stop()
    supervisor.stop()  # again: a server does so at each of its ends
