"""Memory of machines and cgroups, as Linux writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.memory_use import MemoryUse, cgroup_of, memory_use

GIB = 2**30
MEMINFO = "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:   12582912 kB\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    write(tmp_path, {"proc/meminfo": MEMINFO, "proc/vmstat": "nr_free_pages 5\noom_kill 4\n"})
    return tmp_path


def test_a_machine_without_cgroups(machine: Path) -> None:
    assert cgroup_of("self", machine) is None
    found = memory_use(None, machine)
    assert found == MemoryUse(16 * GIB, 4 * GIB, is_limited=False, n_killed=None,
                              n_killed_on_machine=4)  # fmt: skip


def test_a_limit_of_version_2_may_be_that_of_a_folder_above(machine: Path) -> None:
    write(
        machine,
        {
            "proc/7/cgroup": "0::/job/step\n",
            "sys/fs/cgroup/cgroup.controllers": "memory\n",
            "sys/fs/cgroup/job/memory.max": f"{8 * GIB}\n",
            "sys/fs/cgroup/job/memory.current": f"{7 * GIB}\n",
            "sys/fs/cgroup/job/memory.stat": f"anon 1\ninactive_file {GIB}\n",
            "sys/fs/cgroup/job/step/memory.max": "max\n",
            "sys/fs/cgroup/job/step/memory.current": f"{5 * GIB}\n",
            "sys/fs/cgroup/job/step/memory.events": "low 0\noom 3\noom_kill 2\n",
        },
    )
    cgroup = cgroup_of(7, machine)
    assert cgroup == machine / "sys/fs/cgroup/job/step"
    assert memory_use(cgroup, machine) == MemoryUse(
        8 * GIB, 6 * GIB, is_limited=True, n_killed=2, n_killed_on_machine=4
    )


def test_a_limit_of_version_1(machine: Path) -> None:
    folder = "sys/fs/cgroup/memory"
    write(
        machine,
        {
            "proc/7/cgroup": "5:cpu:/x\n4:memory:/docker/ab\n0::/\n",
            f"{folder}/docker/ab/memory.limit_in_bytes": f"{2 * GIB}\n",
            f"{folder}/docker/ab/memory.usage_in_bytes": f"{2 * GIB}\n",
            f"{folder}/docker/ab/memory.stat": f"inactive_file 1\ntotal_inactive_file {GIB}\n",
            f"{folder}/docker/ab/memory.oom_control": "oom_kill_disable 0\noom_kill 9\n",
            f"{folder}/memory.limit_in_bytes": "9223372036854771712\n",
            f"{folder}/memory.usage_in_bytes": f"{3 * GIB}\n",
        },
    )
    found = memory_use(cgroup_of(7, machine), machine)
    assert found == MemoryUse(2 * GIB, GIB, is_limited=True, n_killed=9, n_killed_on_machine=4)


def test_in_a_container_the_named_path_may_lie_outside(machine: Path) -> None:
    write(
        machine,
        {
            "proc/7/cgroup": "4:memory:/docker/of-the-host\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GIB}\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "1000\n",
        },
    )
    found = memory_use(cgroup_of(7, machine), machine)
    assert found is not None
    assert (found.total_bytes, found.used_bytes, found.n_killed) == (GIB, 1000, None)


def test_a_limit_above_the_machines_memory_is_none(machine: Path) -> None:
    write(
        machine,
        {
            "proc/7/cgroup": "0::/\n",
            "sys/fs/cgroup/cgroup.controllers": "memory\n",
            "sys/fs/cgroup/memory.max": f"{99 * GIB}\n",
            "sys/fs/cgroup/memory.current": "1000\n",
        },
    )
    found = memory_use(cgroup_of(7, machine), machine)
    assert found is not None
    assert (found.total_bytes, found.used_bytes, found.is_limited) == (16 * GIB, 4 * GIB, False)


def test_other_systems_say_nothing(tmp_path: Path) -> None:
    assert memory_use(cgroup_of("self", tmp_path), tmp_path) is None
