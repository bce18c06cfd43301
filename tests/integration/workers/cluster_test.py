"""Workers of a real local Ray that die, and one that gets the node to itself."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from service.death import Cause
from service.orchestration.messages import Assignment, Ended, Ending
from service.settings import Settings
from workers import deaths, starts
from workers.black_box import TICK_S
from workers.cluster import Cluster
from workers.crowding import Crowding
from workers.memory_use import cgroup_of
from workers.slots import WorkerShape

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]
PATIENCE_S = 120.0
CPU = WorkerShape(1.0, 0.0)
MIB = 2**20
# Linux 6.15 and newer say how a process ended that is nobody's child here.
PIDFD_SAYS_HOW = tuple(map(int, platform.release().split(".")[:2])) >= (6, 15)


class Poison:
    """A point that runs code as soon as a worker unpacks it."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return eval, (self.code,)


URL = "postgresql://densearch:s3cret-of-the-test@db.invalid/densearch"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DENSEARCH_DATABASE_URL", "PGPASSWORD", "POSTGRES_PASSWORD"):
            patch.setenv(name, URL)
        # Half a minute is short for a worker's start where other tests hold all cores; what the
        # limit does is tests/unit/workers/starts_test.py's.
        patch.setattr(starts, "PLACE_S", PATIENCE_S)
        data_dir = tmp_path_factory.mktemp("data")
        made = Cluster(Settings(data_dir=data_dir, n_cpus=2, n_gpus=1))
        made.warm_up()
        yield made
    folder = made.folder
    assert folder is not None
    assert folder.is_dir()
    made.stop()
    assert not folder.exists()


def processes() -> list[psutil.Process]:
    """Return all processes of our Ray; wait until its workers are there."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = psutil.Process().children(recursive=True)
        if sum("ray::Worker" in process.name() for process in found) == 2:
            return [psutil.Process(), *found]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_nothing_of_a_local_ray_listens_beyond_loopback(cluster: Cluster) -> None:
    assert cluster.capacity(CPU) == 2
    found = {
        (process.name(), connection.laddr.ip.removeprefix("::ffff:"))
        for process in processes()
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert {name for name, _ in found} >= {"gcs_server", "raylet"}
    assert {address for _, address in found} == {"127.0.0.1"}


def test_ray_runs_no_process_that_nothing_here_asks(cluster: Cluster) -> None:
    assert cluster.capacity(CPU) == 2
    commands = " ".join(word for process in processes() for word in process.cmdline())
    assert "raylet" in commands
    for program in ("monitor.py", "log_monitor.py", "dashboard.py"):
        assert f"/{program}" not in commands


def test_no_process_of_ray_and_no_log_knows_the_databases_password(cluster: Cluster) -> None:
    secret = b"s3cret-of-the-test"
    mine, *theirs = processes()
    assert len(theirs) > 5
    for process in theirs:
        assert secret not in Path(f"/proc/{process.pid}/environ").read_bytes(), process
        assert secret not in Path(f"/proc/{process.pid}/cmdline").read_bytes(), process
    assert os.environ["PGPASSWORD"] == URL  # new connections of this process need it
    assert cluster.folder is not None
    logs = [path for path in cluster.folder.rglob("*") if path.is_file()]
    assert any("raylet" in path.name for path in logs)
    assert not [path for path in logs if secret in path.read_bytes()]
    assert mine.pid == os.getpid()


def trial(number: int, *, sleep_s: float = 0.0, code: str = "", alone: bool = False) -> Assignment:
    task = {"kind": "function", "name": "sphere", "dimension": 2, "sleep_s": sleep_s}
    payload = {"task": task, "point": Poison(code) if code else [0.5, 0.5], "seed": 0}
    return Assignment(
        attempt_id=number,
        trial_id=number,
        job_id=1,
        digest="",
        payload=payload,
        device="cpu",
        keeps_weights=False,
        pack=number,
        is_alone=alone,
    )


def ends(cluster: Cluster, n_wanted: int) -> dict[int, Ended]:
    """Wait for as many ends of attempts."""
    found: dict[int, Ended] = {}
    deadline = time.monotonic() + PATIENCE_S
    while len(found) < n_wanted:
        assert time.monotonic() < deadline
        cluster.check()
        for assignment, message in cluster.poll(0.05):
            if isinstance(message, tuple):
                found[assignment.attempt_id] = message[0]
    return found


def test_a_worker_that_dies_takes_no_neighbour_with_it(cluster: Cluster) -> None:
    cluster.place(CPU, [trial(1, sleep_s=0.5)])
    cluster.place(CPU, [trial(2, code="__import__('os')._exit(3)")])
    found = ends(cluster, 2)
    assert found[1].ending is Ending.COMPLETED
    assert found[2].ending is Ending.CRASHED
    assert cluster.in_hand() == {}
    death = found[2].death
    assert death is not None
    if PIDFD_SAYS_HOW:
        assert (death.cause, death.signal, death.exit_code) == (Cause.EXIT, None, 3)
        assert "ended by itself with exit code 3" in str(found[2].error)
    assert 50 * MIB < (death.peak_memory_bytes or 0) < 2**40
    assert 0 < (death.node_used_bytes or 0) < (death.node_memory_bytes or 0)
    assert cluster.n_withheld(CPU) == 0


def test_signals_are_told_apart(cluster: Cluster) -> None:
    cluster.place(CPU, [trial(1, code="__import__('ctypes').string_at(0)")])
    cluster.place(CPU, [trial(2, code="__import__('os').kill(__import__('os').getpid(), 9)")])
    found = ends(cluster, 2)
    assert {ended.ending for ended in found.values()} == {Ending.CRASHED}
    segv, kill = found[1].death, found[2].death
    assert segv is not None
    assert kill is not None
    assert (segv.cause, segv.signal, segv.exit_code) == (Cause.SIGNAL, "SIGSEGV", None)
    assert "native code" in str(segv.remedy)
    if PIDFD_SAYS_HOW:
        assert (kill.cause, kill.signal, kill.exit_code) == (Cause.SIGNAL, "SIGKILL", None)
        assert "dmesg" in str(kill.remedy)


@pytest.fixture
def small_cgroup() -> Iterator[Path]:
    """A memory cgroup of the test's own, with a limit of 400 MiB."""
    parent = cgroup_of()
    is_old = parent is not None and (parent / "memory.limit_in_bytes").exists()
    if parent is None or not is_old or not os.access(parent, os.W_OK):
        pytest.skip("no memory cgroup can be made here; post_mortem_test pretends one")
    folder = parent / f"densearch-test-{os.getpid()}"
    folder.mkdir()
    (folder / "memory.limit_in_bytes").write_text(str(400 * MIB))
    yield folder
    deadline = time.monotonic() + PATIENCE_S
    while (folder / "cgroup.procs").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    folder.rmdir()


GREEDY = """
import os, time
open({procs!r}, "w").write(str(os.getpid()))
time.sleep(2 * {tick_s})  # until the black box has seen the cgroup
kept = bytearray(600 * 2**20)
"""


def test_a_kill_for_the_memory_of_others_is_no_crash(
    cluster: Cluster, small_cgroup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deaths, "OWN_SHARE", 2.0)  # as if others had taken the memory
    monkeypatch.setattr(cluster, "_crowding", Crowding())
    code = GREEDY.format(procs=str(small_cgroup / "cgroup.procs"), tick_s=TICK_S)
    cluster.place(CPU, [trial(1, code=f"exec({code!r})")])
    ended = ends(cluster, 1)[1]
    death = ended.death
    assert death is not None
    assert ended.ending is Ending.LOST
    assert (death.cause, death.signal) == (Cause.CGROUP_MEMORY, "SIGKILL")
    assert death.node_memory_bytes == 400 * MIB
    assert 200 * MIB < (death.peak_memory_bytes or 0) < 800 * MIB
    assert "other processes take the memory" in str(ended.error)
    assert (cluster.n_withheld(CPU), cluster.n_free(CPU)) == (2, 0)  # one ran, so none may now


def test_what_code_raises_is_no_death(cluster: Cluster) -> None:
    cluster.place(CPU, [trial(1, code="1 / 0")])
    ended = ends(cluster, 1)[1]
    assert ended.ending is Ending.ERROR
    assert "ZeroDivisionError" in str(ended.error)


def test_a_trial_alone_waits_for_its_node_and_nothing_joins_it(cluster: Cluster) -> None:
    cluster.place(CPU, [trial(1, sleep_s=1.0)])
    cluster.place(CPU, [trial(2, sleep_s=0.2, alone=True)])
    assert cluster.n_free(CPU) == 0  # though one of two CPUs idles
    began = time.monotonic()
    order: list[int] = []
    while len(order) < 2:
        assert time.monotonic() < began + PATIENCE_S
        cluster.check()
        assert cluster.n_free(CPU) == 0 or 2 in order
        order += [a.attempt_id for a, m in cluster.poll(0.05) if isinstance(m, tuple)]
    assert order == [1, 2]
    assert cluster.n_free(CPU) == 2
    cluster.place(CPU, [trial(3)])
    assert ends(cluster, 1)[3].ending is Ending.COMPLETED


def test_an_attempt_whose_worker_cannot_run_yet_is_cancelled_at_once(cluster: Cluster) -> None:
    """Were it only asked to stop, one that waits for a node would hold everybody up for ever."""
    cluster.place(CPU, [trial(1, sleep_s=600.0)])
    cluster.place(CPU, [trial(2, alone=True)])
    assert cluster.n_free(CPU) == 0
    cluster.cancel({2})
    assert set(cluster.in_hand()) == {1, 2}
    assert ends(cluster, 1)[2].ending is Ending.CANCELLED
    assert set(cluster.in_hand()) == {1}
    assert cluster.n_free(CPU) == 1
    cluster.cancel({1})
    assert ends(cluster, 1)[1].ending is Ending.CANCELLED


NO_ROOM = (
    "type('NoRoom', (), {'__sub__': lambda *_: "
    "exec(\"raise __import__('torch').OutOfMemoryError('CUDA out of memory')\")})()"
)


def without_room(number: int, *, alone: bool = False) -> Assignment:
    """A trial that finds no memory on a GPU, of which Ray alone believes that it is there."""
    found = trial(number, alone=alone)
    task = {**found.payload["task"], "sleep_s": Poison(NO_ROOM)}
    return replace(found, payload={**found.payload, "task": task}, device="cuda")


def test_a_trial_that_finds_its_gpu_full_has_a_whole_one_alone(cluster: Cluster) -> None:
    half = WorkerShape(1.0, 0.5)
    assert cluster.capacity(half) == 2
    cluster.place(half, [without_room(1)])
    displaced = ends(cluster, 1)[1]
    assert displaced.ending is Ending.DISPLACED
    assert "CUDA out of memory" in str(displaced.error)
    cluster.place(half, [without_room(2, alone=True)])
    assert cluster.n_free(half) == 0  # it holds the whole node, not a half
    assert ends(cluster, 1)[2].ending is Ending.ERROR
