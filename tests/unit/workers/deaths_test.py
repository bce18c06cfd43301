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

from service.orchestration.messages import Ending
from workers.deaths import cause_of

WORKER = "The actor is dead because its worker process has died. Worker exit type: "
ADVICE = " Some common causes include: (1) the process was killed by the OOM killer ..."
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


@pytest.mark.parametrize(
    ("error", "ending", "words"),
    [
        (died(f"{WORKER}SYSTEM_ERROR Worker exit detail: {EOF}{ADVICE}"), "crashed", "SIGKILL"),
        (
            died(f"{WORKER}SYSTEM_ERROR Worker exit detail: Worker exits with an exit code 2."),
            "crashed",
            "Worker exits with an exit code 2.",
        ),
        (died("The actor is dead because its node has died. Node Id: 00"), "crashed", "node"),
        (NodeDiedError("gone"), "crashed", "node"),
        (died("The actor is dead because its owner has died."), "lost", "Ray node"),
        (died("its node has gone", preempted=True), "lost", "taken away"),
        (OutOfMemoryError(MEMORY), "lost", "6.87GB of 7.54GB were in use"),
        (ActorDiedError(), "lost", "Ray lost its worker"),
        (ActorUnavailableError("network", None), "lost", "unavailable"),
        (LocalRayletDiedError(), "lost", "raylet died"),
        (GetTimeoutError("after 60 s"), "lost", "GetTimeoutError"),
    ],
)
def test_a_death_has_a_kind_and_a_short_cause(error: RayError, ending: str, words: str) -> None:
    found, cause = cause_of(error)
    assert (found, words in cause) == (Ending(ending), True), cause
    assert len(cause) < 400
    assert "secret" not in cause
    assert "common causes" not in cause


def test_what_the_code_of_a_trial_raised_keeps_its_trace() -> None:
    error = RayTaskError("run", "Traceback ...\nZeroDivisionError: division by zero", None)
    found, cause = cause_of(error)
    assert found is Ending.ERROR
    assert "ZeroDivisionError: division by zero" in cause


def test_a_worker_that_cannot_be_made_is_not_its_trials_fault() -> None:
    made = RayTaskError("__init__", "Traceback ...\nImportError: no torch here", None)
    found, cause = cause_of(ActorDiedError(made))
    assert found is Ending.LOST
    assert cause == "no worker could be started: ImportError: no torch here"
