"""Ray actors of a dispatcher: starts them, sends assignments, receives messages.

An actor holds the CPUs and GPUs that one trial requests (its shape). Actors are reused between
trials; idle ones of another shape are ended when their share is needed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray
import structlog
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from service.capacity import EPSILON, n_slots
from service.orchestration.messages import Assignment, Ended, Ending
from service.records import Calibration
from service.settings import Settings
from workers import room
from workers.burials import Burials
from workers.crowding import Crowding
from workers.deaths import raised
from workers.head import Head
from workers.local_ray import LOOPBACK, LocalRay, connect, keep_to_loopback
from workers.pulse import ClusterLostError, Pulse
from workers.ray_token import keep_token
from workers.slots import (
    NOTHING,
    Slot,
    WorkerShape,
    drains,
    ends_of,
    greet,
    losing,
    next_message,
    send,
    whole_node,
    with_news,
)
from workers.starts import Starts
from workers.worker import Message, Worker

LOG = structlog.get_logger(__name__)
# Time after which an idle actor on a shared cluster is ended, s.
IDLE_S = 10.0


class Cluster:
    """A Ray cluster, started here or joined, and this dispatcher's actors on it.

    Every method may raise `ClusterLostError`. Thread safety: none.

    Args:
        settings: Ray's address, or the resources of a local Ray; the data directory.
        head: The local Ray to join; None starts one where the address is "local".
    """

    def __init__(self, settings: Settings, head: Head | None = None) -> None:
        self._data_dir = str(settings.data_dir.absolute())
        self._memory_per_cpu, self._rule = settings.memory_per_cpu_bytes, settings.checkpoint_rule
        self._n_readers = settings.readers
        self._is_ours = settings.ray_address == "local"
        self._local = LocalRay(settings) if self._is_ours and head is None else None
        with losing():
            if self._local is not None:
                head = self._local.start()
            elif head is not None:
                keep_to_loopback()
                keep_token()
                connect(head.address, _node_ip_address=LOOPBACK)
            else:
                connect(settings.ray_address)
            self._head = head
            self._pulse = Pulse(head.pids if head is not None else {})
        self._slots: list[Slot] = []
        self._cancelled: list[tuple[Assignment, Message]] = []
        self._n_started = 0
        self._unfit: set[str] = set()  # nodes that failed a trial
        self._crowding = Crowding()
        self._burials = Burials(self._pulse.node_id)
        self._starts = Starts(is_ours=self._is_ours)
        # ray.remote knows concurrency_groups; its types do not.
        self._actor: Any = ray.remote(concurrency_groups={"control": 1})(Worker)  # type: ignore[call-overload]

    @property
    def folder(self) -> Path | None:
        """The folder of a local Ray's sockets and logs."""
        return Path(self._head.folder) if self._head is not None else None

    def check(self) -> None:
        """Raise `ClusterLostError` if Ray is dead, hangs, or does not start workers."""
        self._pulse.check()
        waiting = {slot.greeting: slot for slot in self._slots if slot.greeting is not None}
        for greeting in with_news(list(waiting)) if waiting else ():
            self._greet(waiting[greeting])
        self._clear()
        self._starts.check(self._pulse.sight, self._slots)

    def _greet(self, slot: Slot) -> None:
        """Record that a new worker has started, and send it its attempts.

        Only now: how a worker died is known from its first reply on.
        """
        self._starts.note()
        greet(slot, self._pulse.node_id)
        if slot.attempts:
            send(slot)

    def _clear(self) -> None:
        """End idle workers while one waits for a whole node."""
        if self._awaits_node:
            for slot in [s for s in self._slots if s.is_idle]:
                self._end(slot)

    @property
    def _awaits_node(self) -> bool:
        now = time.monotonic()
        return any(
            slot.is_alone and slot.greeting is not None and drains(now - slot.started_at)
            for slot in self._slots
        )

    def resources(self) -> dict[str, float]:
        """Return the cluster's CPUs, GPUs and memory, as of the last second."""
        return room.resources_in(self._pulse.sight, self._memory_per_cpu)

    def warm_up(self) -> None:
        """Start actors of the default shape, so that the first trials do not wait for them."""
        shape = WorkerShape(1.0, 0.0)
        if self._is_ours:
            while self._fits(shape):
                self._start(shape)

    # Room

    def capacity(self, shape: WorkerShape) -> int:
        """Return how many trials of a shape the whole cluster can hold at once."""
        return room.capacity(self._pulse.sight, shape)

    def n_free(self, shape: WorkerShape, held: WorkerShape = NOTHING) -> int:
        """Return how many workers of a shape could start work now while `held` stays free.

        Busy workers of every shape count against the total. While a worker waits for a whole node,
        the result is 0: otherwise no node would ever become free.
        """
        if self._awaits_node:
            return 0
        total, busy = self.resources(), room.held_by(s for s in self._slots if not s.is_idle)
        free = {
            "cpus": total["cpus"] - held.cpus - busy.cpus,
            "gpus": total["gpus"] - held.gpus - busy.gpus,
        }
        n_same = sum(slot.shape == shape for slot in self._slots if not slot.is_idle)
        rooms = room.rooms(self._pulse.sight, shape)
        n_allowed = sum(rooms.values()) - self._crowding.n_withheld(rooms)
        return min(n_slots(free, *shape), max(0, n_allowed - n_same))

    def n_withheld(self, shape: WorkerShape) -> int:
        """Return how many workers that would fit may not run, since a node's memory was full."""
        return self._crowding.n_withheld(room.rooms(self._pulse.sight, shape))

    def lack_of(self, shape: WorkerShape) -> str:
        """Say why the cluster cannot hold a trial of a shape, and what to do."""
        return room.lack_of(self.resources(), shape)

    def _fits(self, shape: WorkerShape) -> bool:
        """Whether one more actor fits in addition to this dispatcher's."""
        total, held = self.resources(), room.held_by(self._slots)
        cpus, gpus = held.cpus + shape.cpus, held.gpus + shape.gpus
        if sum(slot.shape == shape for slot in self._slots) >= self.capacity(shape):
            return False
        return cpus <= total["cpus"] + EPSILON and gpus <= total["gpus"] + EPSILON

    def _start(self, shape: WorkerShape, alone: tuple[WorkerShape, str] | None = None) -> Slot:
        """Start a worker on any node, or alone on one: `alone` is its share and the node's id."""
        self._n_started += 1
        options: dict[str, Any] = {}
        held, limit_bytes = shape, self._memory_of(shape)
        if alone is not None:
            held, node_id = alone
            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(node_id, soft=False)
        with losing():
            actor = self._actor.options(
                num_cpus=held.cpus, num_gpus=held.gpus, max_restarts=0, **options
            ).remote(
                self._data_dir,
                memory_bytes=limit_bytes,
                checkpoints=self._rule,
                n_readers=max(1, int(shape.cpus)) if self._n_readers is None else self._n_readers,
                gpu_share=min(held.gpus, 1.0) or 1.0,
            )
            greeting = actor.process.remote()
        slot = Slot(held, actor, self._n_started, greeting, is_alone=alone is not None)
        slot.limit_bytes = limit_bytes
        self._slots.append(slot)
        return slot

    def _memory_of(self, shape: WorkerShape) -> int | None:
        """Return the memory limit of a worker on CPUs, bytes; CUDA's address space allows none."""
        per_cpu = self.resources()["memory_per_cpu_bytes"]
        return int(per_cpu * shape.cpus) if per_cpu and not shape.gpus else None

    def _start_alone(self, shape: WorkerShape) -> Slot:
        """Start a worker alone on the smallest node that fits."""
        node_share = whole_node(self._pulse.sight.nodes, shape, self._unfit)
        # None: the last such node has just left the cluster.
        return self._start(shape, node_share) if node_share is not None else self._slot_for(shape)

    def _end(self, slot: Slot) -> None:
        self._slots.remove(slot)
        if slot.status is not None:
            slot.status.close()
        with losing():
            ray.kill(slot.actor)

    def _slot_for(self, shape: WorkerShape) -> Slot:
        for slot in sorted(self._slots, key=lambda slot: slot.node in self._unfit):
            if slot.shape == shape and slot.is_idle:
                return slot
        for slot in [s for s in self._slots if s.is_idle]:
            if self._fits(shape):
                break
            self._end(slot)
        return self._start(shape)

    def share(self) -> None:
        """End idle actors on a cluster that is shared with others."""
        now = time.monotonic()
        for slot in list(self._slots):
            if not self._is_ours and slot.is_idle and now - slot.idle_since > IDLE_S:
                self._end(slot)

    # Work

    def place(self, shape: WorkerShape, pack: Sequence[Assignment]) -> None:
        """Start assignments on one free worker, which trains them together if possible."""
        is_alone = any(assignment.is_alone for assignment in pack)
        slot = self._start_alone(shape) if is_alone else self._slot_for(shape)
        slot.attempts = {assignment.attempt_id: assignment for assignment in pack}
        if slot.greeting is None:
            send(slot)

    def cancel(self, attempt_ids: set[int]) -> None:
        """Ask these attempts to stop; `poll` yields their ends.

        A worker that Ray has not started yet is ended at once.
        """
        for slot in list(self._slots):
            wanted = attempt_ids & slot.attempts.keys()
            if wanted and slot.greeting is not None and wanted == slot.attempts.keys():
                self._cancelled += ends_of(list(slot.attempts.values()), slot, Ending.CANCELLED)
                slot.attempts.clear()
                self._end(slot)
            elif wanted:
                with losing():
                    slot.actor.cancel.options(concurrency_group="control").remote(sorted(wanted))

    def in_hand(self) -> dict[int, Assignment]:
        """Return, by id, the running attempts and those whose end `poll` has yet to yield."""
        running = {i: a for slot in self._slots for i, a in slot.attempts.items()}
        ended = {a.attempt_id: a for a, _ in self._cancelled}
        return running | ended | self._burials.in_hand()

    def poll(self, timeout_s: float) -> Iterator[tuple[Assignment, Message]]:
        """Yield the messages that have arrived; wait at most `timeout_s` for the first."""
        while self._cancelled:
            yield self._cancelled.pop()
        yield from self._buried()
        yield from self._fetched()
        while pending := {s.awaited: s for s in self._slots if s.attempts and s.message is None}:
            ready = with_news(list(pending))
            if not ready and timeout_s > 0:
                ready = with_news(list(pending), timeout_s)
            timeout_s = 0.0
            if not ready:
                return
            for slot in [pending[reference] for reference in ready]:
                if slot.greeting is None:
                    yield from self._receive(slot)
                else:
                    self._greet(slot)

    def _fetched(self) -> Iterator[tuple[Assignment, Message]]:
        """Yield the messages that could not be fetched at the last poll."""
        for slot in [s for s in self._slots if s.message is not None]:
            yield from self._receive(slot)

    def _receive(self, slot: Slot) -> Iterator[tuple[Assignment, Message]]:
        """Yield a worker's next message, if it can be fetched without waiting."""
        try:
            message = next_message(slot)
        except RayError as error:
            yield from self._bury(slot, error)
            return
        if message is None:
            return
        attempt_id = (message[0] if isinstance(message, tuple) else message).attempt_id
        assignment = slot.attempts[attempt_id]
        if isinstance(message, tuple):
            del slot.attempts[attempt_id]
            slot.idle_since = time.monotonic()
            self._crowding.note_end(slot.node)
            message = (replace(message[0], worker=slot.name), message[1])
            if message[0].ending is Ending.DISPLACED:
                self._note_unfit(slot, message[0])
            if slot.is_alone:
                self._end(slot)
        yield assignment, message

    def _note_unfit(self, slot: Slot, ended: Ended) -> None:
        """Avoid the node at the trial's next attempt."""
        self._unfit.add(slot.node)
        cause = (ended.error or "").partition("\n")[0]
        LOG.warning("a node failed its trial", worker=slot.name, node=slot.node, cause=cause)

    def _bury(self, slot: Slot, error: RayError) -> Iterator[tuple[Assignment, Message]]:
        """Yield the ends of a worker's attempts, as soon as the cause of its death is known."""
        assignments = slot.give_up()
        trace = raised(error)
        if trace is not None:
            LOG.warning("a worker raised", worker=slot.name, error=trace.partition("\n")[0])
            self._end(slot)
            yield from ends_of(assignments, slot, Ending.ERROR, trace)
            return
        self._burials.add(slot, assignments, error)
        self._end(slot)
        yield from self._buried()

    def _buried(self, *, at_once: bool = False) -> Iterator[tuple[Assignment, Message]]:
        """Yield the ends of attempts whose workers' deaths have been examined, see `Burials`."""
        for burial in self._burials.examined(at_once=at_once):
            if burial.death.cause.is_memory and burial.slot.node:
                self._note_kill(burial.slot.node)
            yield from ends_of(
                burial.assignments, burial.slot, burial.ending, burial.death.text, burial.death
            )

    def _note_kill(self, node: str) -> None:
        """Let fewer workers run on a node after a kill for memory."""
        self._unfit.add(node)
        there = [slot for slot in self._slots if slot.node == node]
        self._crowding.note_kill(node, sum(not slot.is_idle for slot in there))
        for idle in [slot for slot in there if slot.is_idle]:  # it holds memory that others need
            self._end(idle)

    # Measurements

    def measure(self, shape: WorkerShape, calibration: Calibration) -> None:
        """Start a cost measurement on a free worker."""
        slot = self._slot_for(shape)
        slot.measurement = calibration.id
        with losing():
            slot.replies = slot.actor.calibrate.remote(
                calibration.payload, calibration.device, calibration.widths
            )

    def measured(self) -> tuple[int, dict[str, Any] | str] | None:
        """Return a finished measurement's id with its result or error; None if there is none."""
        for slot in [s for s in self._slots if s.measurement is not None]:
            with losing():
                ready, _ = ray.wait([slot.replies], timeout=0)
            if ready and slot.measurement is not None:
                found = slot.measurement, self._burials.result_of(slot)
                if slot.is_dead:
                    self._end(slot)
                slot.measurement, slot.idle_since = None, time.monotonic()
                return found
        return None

    def stop_measuring(self) -> None:
        """End the workers that run measurements."""
        for slot in [s for s in self._slots if s.measurement is not None]:
            self._end(slot)

    def abandon(self, error: ClusterLostError) -> Iterator[tuple[Assignment, Message]]:
        """Yield the ends of the attempts that a lost cluster has ended.

        On a local cluster these are all. On a joined one they are those on this machine's node if
        it died; the others may be alive, and the next dispatcher abandons them.
        """
        yield from self._buried(at_once=True)
        ending = Ending.CRASHED if error.has_node_died else Ending.LOST
        for slot in [s for s in self._slots if s.attempts]:
            was_there = error.has_node_died and slot.node == self._pulse.node_id
            if self._is_ours or was_there:
                yield from ends_of(slot.give_up(), slot, ending, f"Ray was lost: {error}")

    def stop(self) -> None:
        """Leave the cluster, ending this dispatcher's actors; stop it if it was started here."""
        self._pulse.stop()
        if self._local is not None:
            self._local.stop()
        else:
            ray.shutdown()
