"""What a dead worker's node says, from counts, logs and messages that are written here."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from service.death import Cause
from workers import post_mortem
from workers.black_box import Record
from workers.memory_use import MemoryUse
from workers.post_mortem import Evidence, examine, killer_of

GIB = 2**30
CGROUPS = "Memory cgroup out of memory: Killed process 77 (ray::Worker) anon-rss:2048kB"
KERNELS = "Out of memory: Killed process 77 (ray::Worker) anon-rss:4096kB, file-rss:0kB"


def use(
    used: float = 2.0, n_killed: int | None = 0, on_machine: int = 0, *, is_limited: bool = False
) -> MemoryUse:
    return MemoryUse(
        8 * GIB,
        int(used * GIB),
        is_limited=is_limited,
        n_killed=n_killed,
        n_killed_on_machine=on_machine,
    )


@pytest.mark.parametrize(
    ("before", "after", "killer"),
    [
        (use(), use(), None),
        (use(7.9, is_limited=True), use(1, n_killed=1, is_limited=True), Cause.CGROUP_MEMORY),
        (use(2.0, is_limited=True), use(1, n_killed=1, is_limited=True), Cause.KERNEL_MEMORY),
        (use(7.9), use(1, n_killed=1), Cause.KERNEL_MEMORY),
        # Another cgroup's process was killed at the same time.
        (use(), use(on_machine=1), None),
        (use(n_killed=None), use(n_killed=None, on_machine=1), Cause.KERNEL_MEMORY),
        (use(7.7), use(1), Cause.FULL_MEMORY),
        (use(7.7), None, Cause.FULL_MEMORY),
        (use(), None, None),
    ],
)
def test_the_killer_by_counts_and_use(
    before: MemoryUse, after: MemoryUse | None, killer: Cause | None
) -> None:
    assert killer_of(before, after) is killer


class Node:
    """Pretends the kernel's messages and the memory after a death."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.box, self.logs = folder / "77.json", folder / "logs"
        self.logs.mkdir()
        self.lines: list[str] = []
        monkeypatch.setattr(post_mortem, "_kernel_lines", lambda: iter(self.lines))
        monkeypatch.setattr(post_mortem, "memory_use", lambda _: use(1.0))

    def write(self, age_s: float = 0.0) -> None:
        record = Record(time.monotonic() - age_s, 3 * 2**20, use(2.0), "/sys/fs/cgroup")
        self.box.write_text(json.dumps(asdict(record)))

    def examine(self) -> Evidence:
        return examine(77, str(self.box), str(self.logs))


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    return Node(tmp_path, monkeypatch)


def test_a_quiet_death_leaves_its_memory(node: Node) -> None:
    node.write()
    assert node.examine() == Evidence(peak_bytes=3 * 2**20, node=use(2.0), left_bytes=GIB)
    assert not node.box.exists()


def test_an_old_record_says_nothing_of_the_last_memory(node: Node) -> None:
    node.write(age_s=60.0)
    assert node.examine().peak_bytes is None


@pytest.mark.parametrize(
    ("line", "killer", "peak_mib"),
    [(CGROUPS, Cause.CGROUP_MEMORY, 3), (KERNELS, Cause.KERNEL_MEMORY, 4)],
)
def test_the_kernel_names_its_victim(node: Node, line: str, killer: Cause, peak_mib: int) -> None:
    node.write(age_s=60.0)
    node.lines = [line.replace("77", "78"), "usb 1-1: new device", line]
    found = node.examine()
    assert (found.killer, found.peak_bytes) == (killer, peak_mib * 2**20)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("*** SIGSEGV received at time=1795963970 on cpu 0 ***", "SIGSEGV"),
        ("Fatal Python error: Bus error\n\nCurrent thread", "SIGBUS"),
        ("WARNING: nothing", None),
    ],
)
def test_the_log_of_a_worker_names_its_signal(node: Node, text: str, name: str | None) -> None:
    (node.logs / "worker-ab-01000000-77.err").write_text("x" * 100_000 + text)
    (node.logs / "worker-cd-01000000-78.err").write_text("*** SIGILL received at")
    assert node.examine().signal == name


def test_the_kernels_messages_can_be_read_or_are_none() -> None:
    assert all(isinstance(line, str) for line in post_mortem._kernel_lines(1e9))
