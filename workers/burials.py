"""Attempts whose worker has died, until its death has been examined on its node.

On this machine that takes milliseconds. Another node is asked by a Ray task, which may not answer:
after `ANSWER_S` the death is what Ray's error says.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
import structlog
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from service.death import Death
from service.orchestration.messages import Assignment, Ending
from workers.deaths import DIED, Circumstances, death_of, raised
from workers.post_mortem import Evidence, examine
from workers.slots import Slot
from workers.worker import MAX_ERROR_CHARS, Process

LOG = structlog.get_logger(__name__)
ANSWER_S = 10.0


@dataclass(eq=False)
class Burial:
    """A dead worker with the attempts that it ran.

    Attributes:
        answer: Ray's reference to what its node found; None once it has been examined.
        ending: How the attempts ended.
    """

    slot: Slot
    assignments: Sequence[Assignment]
    error: RayError
    returncode: int | None = field(init=False)
    answer: Any = None
    asked_at: float = field(default_factory=time.monotonic)
    ending: Ending = Ending.LOST
    death: Death = field(init=False)

    def __post_init__(self) -> None:
        # Before the slot is ended, which lets go of the process.
        self.returncode = self.slot.status.read() if self.slot.status is not None else None

    def judge(self, evidence: Evidence) -> None:
        """Set the ending and the death from what is known, and log them."""
        slot, self.answer = self.slot, None
        pid = slot.process.pid if slot.process is not None else None
        known = Circumstances(pid, self.returncode, slot.limit_bytes, evidence)
        self.ending, self.death = death_of(self.error, known)
        LOG.warning(
            "a worker died",
            worker=slot.name,
            cause=self.death.sentence,
            remedy=self.death.remedy,
            attempts=[assignment.attempt_id for assignment in self.assignments],
            measurement=slot.measurement,
        )


class Burials:
    """See the module. Thread safety: none.

    Args:
        node_id: Id of this machine's node.
    """

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id
        self._open: list[Burial] = []

    def add(self, slot: Slot, assignments: Sequence[Assignment], error: RayError) -> None:
        """Examine a worker that has died, or ask its node to."""
        burial = Burial(slot, assignments, error)
        if slot.process is not None and slot.process.node != self._node_id:
            burial.answer = _ask(slot.process)
        if burial.answer is None:
            burial.judge(self._examine(slot))
        self._open.append(burial)

    def result_of(self, slot: Slot) -> dict[str, Any] | str:
        """Return a finished measurement's result, or why there is none.

        A worker that has died `is_dead` afterwards; only this machine's node is asked why.
        """
        try:
            result: dict[str, Any] = ray.get(slot.replies)
        except RayError as error:
            if isinstance(error, RayTaskError) and raised(error) is not None:
                return f"{type(error.cause).__name__}: {error.cause}"[:MAX_ERROR_CHARS]
            slot.is_dead = True
            burial = Burial(slot, (), error)
            burial.judge(self._examine(slot))
            text = burial.death.text
            return text if text.startswith(DIED) else f"{DIED}: {text}"
        return result

    def _examine(self, slot: Slot) -> Evidence:
        """Return what this machine's node knows of a death."""
        process = slot.process
        if process is None or process.node != self._node_id:
            return Evidence()
        return examine(process.pid, process.box, process.logs)

    def in_hand(self) -> dict[int, Assignment]:
        """Return, by id, the attempts whose end is not known yet."""
        return {a.attempt_id: a for burial in self._open for a in burial.assignments}

    def examined(self, *, at_once: bool = False) -> Iterator[Burial]:
        """Yield, and forget, those whose death has been examined, or for which the time is up.

        All of them `at_once`, where no node will answer any more.
        """
        for burial in list(self._open):
            if burial.answer is not None:
                evidence = Evidence() if at_once else _answer(burial)
                if evidence is None:
                    continue
                burial.judge(evidence)
            self._open.remove(burial)
            yield burial


def _ask(process: Process) -> Any:  # noqa: ANN401 - Ray's reference
    """Have a node examine a death; None if it cannot be asked."""
    task: Any = ray.remote(num_cpus=0, max_retries=0)(examine)
    where = NodeAffinitySchedulingStrategy(process.node, soft=False)
    try:
        return task.options(scheduling_strategy=where).remote(
            process.pid, process.box, process.logs
        )
    except (RayError, ConnectionError):
        return None


def _answer(burial: Burial) -> Evidence | None:
    """Return what a node has found, None while it may still answer."""
    is_late = time.monotonic() - burial.asked_at > ANSWER_S
    try:
        if not ray.wait([burial.answer], timeout=0)[0]:
            return Evidence() if is_late else None
        found: Evidence = ray.get(burial.answer, timeout=0)
    except (RayError, ConnectionError):
        return Evidence()
    return found
