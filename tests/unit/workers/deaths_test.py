"""Ray's errors, as 2.60 words them, and their classification."""

from __future__ import annotations

import pytest
from ray.core.generated.common_pb2 import (  # type: ignore[attr-defined]
    ActorDiedErrorContext,
    NodeDeathInfo,
)
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    GetTimeoutError,
    LocalRayletDiedError,
    NodeDiedError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
)

from service.death import Cause, Death
from service.orchestration.messages import Ending
from workers.deaths import Circumstances, death_of, raised
from workers.memory_use import MemoryUse
from workers.post_mortem import Evidence

WORKER = "The actor is dead because its worker process has died. Worker exit type: "
ADVICE = " Some common causes include: (1) the process was killed by the OOM killer ..."
TERM = "Worker exits unexpectedly by a signal. Exit code: 1. The process receives a SIGTERM."
EOF = "Worker unexpectedly exits with a connection error code 2. End of file."
MEMORY = (
    "2 worker(s) were killed due to the node running low on memory. Memory on the node (IP: "
    "192.0.2.2, ID: 2c7c) was 6.87GB used / 7.54GB limit (0.911994)\nOOM kill reason: ...\n"
    "Top 10 memory users: PID MEM(GB) COMMAND\n2371 4.01 mysql --password=secret\n"
)


def died(message: str, *, preempted: bool = False) -> ActorDiedError:
    reason = NodeDeathInfo.AUTOSCALER_DRAIN_PREEMPTED if preempted else 0
    context = ActorDiedErrorContext(
        error_message=message,
        actor_id=bytes(16),
        class_name="Worker",
        node_death_info=NodeDeathInfo(reason=reason),
    )
    return ActorDiedError(context)


UNSEEN = Circumstances()
GIB = 2**30


@pytest.mark.parametrize(
    ("error", "ending", "words"),
    [
        (died(f"{WORKER}SYSTEM_ERROR Worker exit detail: {EOF}{ADVICE}"), "crashed", "SIGKILL"),
        (
            died(f"{WORKER}SYSTEM_ERROR Worker exit detail: Worker exits with an exit code 2."),
            "crashed",
            "exit code 2",
        ),
        (died(f"{WORKER}SYSTEM_ERROR Worker exit detail: {TERM}"), "crashed", "died of SIGTERM"),
        (died("The actor is dead because its node has died. Node Id: 00"), "crashed", "node"),
        (NodeDiedError("gone"), "crashed", "node"),
        (died("The actor is dead because its owner has died."), "lost", "Ray node"),
        (died("its node has gone", preempted=True), "lost", "taken away"),
        (OutOfMemoryError(MEMORY), "lost", "7.38 GB of 8.1 GB were in use"),
        (RayTaskError("run", "...", OutOfMemoryError(MEMORY)), "lost", "Ray's memory monitor"),
        (ActorDiedError(), "lost", "Ray lost its worker"),
        (ActorUnavailableError("network", None), "lost", "unavailable"),
        (LocalRayletDiedError(), "lost", "raylet died"),
        (GetTimeoutError("after 60 s"), "lost", "GetTimeoutError"),
    ],
)
def test_a_death_has_a_kind_and_a_short_cause(error: RayError, ending: str, words: str) -> None:
    assert raised(error) is None
    found, death = death_of(error, UNSEEN)
    assert (found, words in death.text) == (Ending(ending), True), death.text
    assert len(death.text) < 500
    assert "secret" not in str(death)
    assert "common causes" not in str(death)


def test_what_the_code_of_a_trial_raised_keeps_its_trace() -> None:
    error = RayTaskError("run", "Traceback ...\nZeroDivisionError: division by zero", None)
    assert "ZeroDivisionError: division by zero" in str(raised(error))


def test_a_worker_that_cannot_be_made_is_not_its_trials_fault() -> None:
    made = RayTaskError("__init__", "Traceback ...\nImportError: no torch here", None)
    found, death = death_of(ActorDiedError(made), UNSEEN)
    assert found is Ending.LOST
    assert death.text == "no worker could be started: ImportError: no torch here"


# What was observed


SILENT = died(f"{WORKER}SYSTEM_ERROR Worker exit detail: {EOF}{ADVICE}")


def use(used: float, total: float = 24.0) -> MemoryUse:
    return MemoryUse(int(total * GIB), int(used * GIB), is_limited=False, n_killed=None,
                     n_killed_on_machine=None)  # fmt: skip


@pytest.mark.parametrize(
    ("returncode", "evidence", "cause", "signal", "exit_code"),
    [
        (-11, Evidence(), Cause.SIGNAL, "SIGSEGV", None),
        (7, Evidence(), Cause.EXIT, None, 7),
        (-9, Evidence(), Cause.SIGNAL, "SIGKILL", None),
        (-9, Evidence(killer=Cause.CGROUP_MEMORY), Cause.CGROUP_MEMORY, "SIGKILL", None),
        (-11, Evidence(killer=Cause.FULL_MEMORY), Cause.SIGNAL, "SIGSEGV", None),
        (7, Evidence(killer=Cause.KERNEL_MEMORY), Cause.EXIT, None, 7),
        (None, Evidence(signal="SIGBUS"), Cause.SIGNAL, "SIGBUS", None),
        (None, Evidence(killer=Cause.KERNEL_MEMORY), Cause.KERNEL_MEMORY, "SIGKILL", None),
        (None, Evidence(), Cause.UNKNOWN, None, None),
    ],
)
def test_what_was_observed_says_more_than_ray(
    returncode: int | None,
    evidence: Evidence,
    cause: Cause,
    signal: str | None,
    exit_code: int | None,
) -> None:
    _, death = death_of(SILENT, Circumstances(pid=1, returncode=returncode, evidence=evidence))
    assert (death.cause, death.signal, death.exit_code) == (cause, signal, exit_code)


@pytest.mark.parametrize(
    ("peak", "left", "limit", "is_own"),
    [
        (20.0, 3.0, None, True),  # three quarters of the node
        (4.0, 19.0, None, False),  # a neighbour's memory
        (4.0, 19.0, 2.0, True),  # above its share of the node
        (4.0, 19.0, 8.0, False),
        (None, 3.0, None, True),  # its record is old, and the memory is free now
        (None, 19.0, None, False),
        (None, None, None, None),
    ],
)
def test_a_kill_for_memory_is_the_trials_by_its_own_memory_alone(
    peak: float | None, left: float | None, limit: float | None, is_own: bool | None
) -> None:
    evidence = Evidence(
        killer=Cause.KERNEL_MEMORY,
        peak_bytes=None if peak is None else int(peak * GIB),
        node=use(23.5),
        left_bytes=None if left is None else int(left * GIB),
    )
    limit_bytes = None if limit is None else int(limit * GIB)
    ending, death = death_of(SILENT, Circumstances(1, -9, limit_bytes, evidence))
    assert death.is_own_need is is_own
    assert ending is (Ending.CRASHED if is_own else Ending.LOST)
    assert "23.5" not in death.sentence  # sizes are in GB of 10^9 bytes everywhere
    assert "25.2 GB of 25.8 GB were in use" in death.sentence


def test_rays_monitor_names_the_memory_of_each_victim() -> None:
    text = (
        "2 worker(s) were killed due to the node running low on memory. Memory on the node (IP: "
        "192.0.2.2, ID: 2c7c) was 22.40GB used / 23.54GB limit (0.95)\nOOM kill reason: Memory "
        "usage 24051816857B exceeded threshold of 24012260760B (95.0% of 25276063744B limit)\n"
        "Selected to kill: (Actor(75c3): task name=A.run, required resources={CPU: 1}, pid=11, "
        "actual memory used=20.50GB, worker ID=7c)\n(Actor(75c4): task name=A.run, pid=12, "
        "actual memory used=0.13GB, worker ID=7d)\n"
    )
    found: dict[int, tuple[Ending, Death]] = {
        pid: death_of(OutOfMemoryError(text), Circumstances(pid=pid)) for pid in (11, 12)
    }
    assert [ending for ending, _ in found.values()] == [Ending.CRASHED, Ending.LOST]
    assert [death.is_own_need for _, death in found.values()] == [True, False]
    assert found[12][1].sentence == (
        "Ray's memory monitor killed the worker "
        "(it held at most 140 MB, 24.1 GB of 25.3 GB were in use on its node)"
    )
