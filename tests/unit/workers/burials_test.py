"""Deaths are examined here, or by the node of the worker, and never hold a job up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ray.core.generated.common_pb2 import ActorDiedErrorContext  # type: ignore[attr-defined]
from ray.exceptions import ActorDiedError, OutOfMemoryError, RayTaskError

from service.death import Cause
from service.orchestration.messages import Ending
from tests.support.assignments import assignment
from workers import burials
from workers.burials import Burials
from workers.post_mortem import Evidence
from workers.slots import Slot, WorkerShape
from workers.worker import Process

SILENT = (
    "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker "
    "exit detail: Worker unexpectedly exits with a connection error code 2. End of file."
)
ASKED = "asked"


def died() -> ActorDiedError:
    context = ActorDiedErrorContext(error_message=SILENT, actor_id=bytes(16), class_name="Worker")
    return ActorDiedError(context)


def slot(process: Process | None) -> Slot:
    return Slot(WorkerShape(1.0, 0.0), None, 3, process=process)


class Elsewhere:
    """Pretends Ray's task on another node."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer: Evidence | None = None
        self.is_refused = False
        monkeypatch.setattr(burials, "_ask", lambda _: None if self.is_refused else ASKED)
        monkeypatch.setattr(burials, "_answer", self._answer)

    def _answer(self, burial: burials.Burial) -> Evidence | None:
        assert burial.answer == ASKED
        return self.answer


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    return Elsewhere(monkeypatch)


def test_a_death_on_this_machine_is_examined_at_once(tmp_path: Path, elsewhere: Elsewhere) -> None:
    (tmp_path / "worker-a-01-7.err").write_text("*** SIGSEGV received at time=1 on cpu 0 ***")
    found = Burials("here")
    found.add(slot(Process("here", 7, "", str(tmp_path))), [assignment({})], died())
    assert found.in_hand().keys() == {1}
    (burial,) = found.examined()
    assert (burial.death.cause, burial.death.signal) == (Cause.SIGNAL, "SIGSEGV")
    assert burial.ending is Ending.CRASHED
    assert not found.in_hand()
    assert not list(found.examined())
    assert elsewhere.answer is None


def test_another_node_is_asked_and_waited_for(elsewhere: Elsewhere) -> None:
    found = Burials("here")
    found.add(slot(Process("there", 7, "", "")), [assignment({})], died())
    assert not list(found.examined())
    assert found.in_hand().keys() == {1}
    elsewhere.answer = Evidence(signal="SIGBUS")
    (burial,) = found.examined()
    assert burial.death.signal == "SIGBUS"


@pytest.mark.parametrize("process", [None, Process("there", 7, "", "")])
def test_without_an_answer_a_death_is_what_ray_says(
    process: Process | None, elsewhere: Elsewhere
) -> None:
    elsewhere.is_refused = True
    found = Burials("here")
    error = OutOfMemoryError("Memory on the node was 6.87GB used / 7.54GB limit (0.91)")
    found.add(slot(process), [assignment({})], error)
    (burial,) = found.examined()
    assert (burial.ending, burial.death.cause) == (Ending.LOST, Cause.RAY_MEMORY)


def test_a_node_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(burials, "_ask", lambda _: ASKED)
    monkeypatch.setattr("ray.wait", lambda *_, **__: ([], [ASKED]))
    found = Burials("here")
    found.add(slot(Process("there", 7, "", "")), [assignment({})], died())
    assert not list(found.examined())
    monkeypatch.setattr(burials, "ANSWER_S", -1.0)
    (burial,) = found.examined()
    assert burial.death.cause is Cause.UNKNOWN


def test_a_measurement_says_why_its_worker_died(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def dead(_: object) -> Any:  # noqa: ANN401 - never returns
        raise died()

    monkeypatch.setattr("ray.get", dead)
    own = slot(Process("here", 7, "", str(tmp_path)))
    said = Burials("here").result_of(own)
    assert isinstance(said, str)
    assert said.startswith("the worker process died")
    assert own.is_dead


@pytest.mark.usefixtures("elsewhere")
def test_when_the_cluster_is_lost_no_answer_is_waited_for() -> None:
    found = Burials("here")
    found.add(slot(Process("there", 7, "", "")), [assignment({})], died())
    assert list(found.examined()) == []
    (burial,) = found.examined(at_once=True)
    assert burial.ending is Ending.CRASHED
    assert found.in_hand() == {}


def test_a_measurement_that_rays_monitor_killed_leaves_a_dead_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ray wraps the kill into an error of the task, as if the code had raised it."""
    killed = OutOfMemoryError("was 9GB used / 10GB limit")
    wrapped = RayTaskError("measure", "traceback", killed)

    def fail(_: object) -> None:
        raise wrapped

    monkeypatch.setattr("workers.burials.ray.get", fail)
    measuring = slot(None)
    assert "Ray's memory monitor" in str(Burials("here").result_of(measuring))
    assert measuring.is_dead
