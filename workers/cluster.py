"""The Ray side: warm actors, assignments out, messages back. Nothing else imports ray.

An actor holds the share of the cluster that one trial asks for (its shape). Actors stay warm
between trials; idle ones of another shape give way when their share is needed.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import ray
import structlog
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from service.capacity import EPSILON, n_places
from service.records import Calibration
from service.settings import Settings
from service.updates import Assignment, Ended, Ending
from workers.deaths import DIED, cause_of
from workers.local_ray import LocalRay, without_secrets
from workers.pulse import PLACE_S, ClusterLostError, Pulse
from workers.worker import MAX_ERROR_CHARS, Message, Worker

LOG = structlog.get_logger(__name__)
# On a shared cluster an idle actor keeps its room this long, s.
IDLE_S = 10.0
# A message that is there and cannot be had for so long is on a node that is gone, s.
FETCH_S = 60.0


class Shape(NamedTuple):
    """What one trial occupies."""

    cpus: float
    gpus: float


NOTHING = Shape(0.0, 0.0)


@dataclass(eq=False)
class _Slot:
    """One actor and the attempts, or the measurement, that it is at.

    `greeting` is what it answers once it runs, None when that was heard. One that `is_alone` holds
    a whole node for one attempt.
    """

    shape: Shape
    actor: Any
    number: int
    greeting: Any = None
    is_alone: bool = False
    stream: Any = None
    attempts: dict[int, Assignment] = field(default_factory=dict)
    measurement: int | None = None
    idle_since: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        return f"worker-{self.number}"

    @property
    def is_idle(self) -> bool:
        return not self.attempts and self.measurement is None


class Cluster:
    """A Ray cluster, its own or joined, and this dispatcher's actors on it.

    Every method may raise `ClusterLostError`. Thread safety: none.
    """

    def __init__(self, settings: Settings) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Ray's own record of every task, which nobody reads, made its GCS grow by 2.5 kB a trial.
        os.environ.setdefault("RAY_task_events_report_interval_ms", "0")
        self._data_dir = str(settings.data_dir.absolute())
        self._memory_per_cpu = settings.memory_per_cpu_bytes
        self._local = LocalRay(settings) if settings.ray_address == "local" else None
        with _losing(), without_secrets(settings):
            ray.init(
                address=settings.ray_address,
                log_to_driver=False,
                logging_level=logging.WARNING,
                **(self._local.arguments() if self._local is not None else {}),
            )
            self._pulse = Pulse(is_local=self._local is not None)
        self._slots: list[_Slot] = []
        self._n_started = 0
        self._placing_since = time.monotonic()
        # ray.remote knows concurrency_groups; its types do not.
        self._actor: Any = ray.remote(concurrency_groups={"control": 1})(Worker)  # type: ignore[call-overload]

    @property
    def folder(self) -> Path | None:
        """Where a Ray of our own keeps its sockets and logs."""
        return self._local.folder if self._local is not None else None

    def check(self) -> None:
        """Raise `ClusterLostError` when Ray is dead, hangs, or starts no worker where it could."""
        self._pulse.check()
        self._greet()
        self._clear()
        starting = [s.shape for s in self._slots if s.greeting is not None and not s.is_alone]
        now = time.monotonic()
        if not any(self._pulse.has_room(*shape) for shape in starting):
            self._placing_since = now
        if now - self._placing_since > PLACE_S:
            reason = f"it has room and has started no worker for {PLACE_S:g} s"
            raise ClusterLostError(reason)

    def _greet(self) -> None:
        """See which new workers run by now; the others are being started."""
        waiting = {slot.greeting: slot for slot in self._slots if slot.greeting is not None}
        if not waiting:
            return
        with _losing():
            ready, _ = ray.wait(
                list(waiting), num_returns=len(waiting), timeout=0, fetch_local=False
            )
        for greeting in ready:  # of a worker that died as well: its stream says so
            waiting[greeting].greeting = None
            self._placing_since = time.monotonic()

    def _clear(self) -> None:
        """Have idle workers make room for one that waits for a whole node."""
        if self._awaits_node:
            for slot in [s for s in self._slots if s.is_idle]:
                self._end(slot)

    @property
    def _awaits_node(self) -> bool:
        return any(slot.is_alone and slot.greeting is not None for slot in self._slots)

    def resources(self) -> dict[str, float]:
        """Return the cluster's CPUs, GPUs and memory, as of the last second."""
        sight = self._pulse.sight
        return {
            "cpus": sight.total("CPU"),
            "gpus": sight.total("GPU"),
            "memory_bytes": sight.total("memory"),
            "memory_per_cpu_bytes": self._memory_per_cpu or sight.least_memory_per_cpu(),
        }

    def warm_up(self) -> None:
        """Start the actors of the usual shape, so that the first trial waits for none."""
        shape = Shape(1.0, 0.0)
        if self._local is not None:
            while self._fits(shape):
                self._start(shape)

    # Room

    def capacity(self, shape: Shape) -> int:
        """Return how many trials of a shape the whole cluster can hold at once."""
        return n_places(self.resources(), *shape)

    def n_free(self, shape: Shape, held: Shape = NOTHING) -> int:
        """Return how many workers of a shape could begin now if the share `held` stays free.

        What is at work takes up places whatever its own shape is. While a worker waits for a node
        to itself, nothing else begins: it would never get one.
        """
        if self._awaits_node:
            return 0
        total, busy = self.resources(), [slot.shape for slot in self._slots if not slot.is_idle]
        free = {
            "cpus": total["cpus"] - held.cpus - sum(shape.cpus for shape in busy),
            "gpus": total["gpus"] - held.gpus - sum(shape.gpus for shape in busy),
        }
        return n_places(free, *shape)

    def lack_of(self, shape: Shape) -> str:
        """Say why the cluster cannot hold a trial of a shape, and what to do."""
        total = self.resources()
        if not total["cpus"]:
            return "the Ray cluster has no workers: start a Ray node with CPUs"
        return (
            f"a trial needs {shape.cpus:g} CPUs and {shape.gpus:g} GPUs, "
            f"the cluster has {total['cpus']:g} and {total['gpus']:g}: add workers, or submit "
            "the job with smaller resources"
        )

    def _fits(self, shape: Shape) -> bool:
        """Whether the shares that our actors hold leave room for one more."""
        total = self.resources()
        cpus = sum(slot.shape.cpus for slot in self._slots) + shape.cpus
        gpus = sum(slot.shape.gpus for slot in self._slots) + shape.gpus
        return cpus <= total["cpus"] + EPSILON and gpus <= total["gpus"] + EPSILON

    def _start(self, shape: Shape, node: tuple[float, str] | None = None) -> _Slot:
        """Start a worker wherever there is room, or on one node, given with its CPUs, alone."""
        self._n_started += 1
        options: dict[str, Any] = {}
        held = shape
        if node is not None:
            held = Shape(node[0], shape.gpus)
            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(node[1], soft=False)
        with _losing():
            actor = self._actor.options(
                num_cpus=held.cpus, num_gpus=held.gpus, max_restarts=0, **options
            ).remote(self._data_dir, memory_bytes=self._memory_of(shape))
            greeting = actor.ping.remote()
        slot = _Slot(held, actor, self._n_started, greeting, is_alone=node is not None)
        self._slots.append(slot)
        return slot

    def _memory_of(self, shape: Shape) -> int | None:
        """Return what a worker on CPUs may hold; a GPU's address space has no such limit."""
        per_cpu = self.resources()["memory_per_cpu_bytes"]
        return int(per_cpu * shape.cpus) if per_cpu and not shape.gpus else None

    def _start_alone(self, shape: Shape) -> _Slot:
        """Start a worker that takes up all CPUs of the smallest node that holds the shape."""
        fitting = [
            (node["CPU"], node_id)
            for node_id, node in self._pulse.sight.nodes.items()
            if node.get("CPU", 0.0) + EPSILON >= max(shape.cpus, 2 * EPSILON)
            and node.get("GPU", 0.0) + EPSILON >= shape.gpus
        ]
        # Where there is none, it has just left the cluster.
        return self._start(shape, min(fitting)) if fitting else self._slot_for(shape)

    def _end(self, slot: _Slot) -> None:
        self._slots.remove(slot)
        with _losing():
            ray.kill(slot.actor)

    def _slot_for(self, shape: Shape) -> _Slot:
        for slot in self._slots:
            if slot.shape == shape and slot.is_idle:
                return slot
        for slot in [s for s in self._slots if s.is_idle]:
            if self._fits(shape):
                break
            self._end(slot)
        return self._start(shape)

    def share(self) -> None:
        """Give idle actors' room back to a cluster that others use too."""
        now = time.monotonic()
        for slot in list(self._slots):
            if self._local is None and slot.is_idle and now - slot.idle_since > IDLE_S:
                self._end(slot)

    # Work

    def place(self, shape: Shape, pack: Sequence[Assignment]) -> None:
        """Start assignments on one free worker, which trains them together where it can."""
        is_alone = any(assignment.is_alone for assignment in pack)
        slot = self._start_alone(shape) if is_alone else self._slot_for(shape)
        slot.attempts = {assignment.attempt_id: assignment for assignment in pack}
        with _losing():
            slot.stream = slot.actor.run.options(num_returns="streaming").remote(list(pack))

    def cancel(self, attempt_ids: set[int]) -> None:
        """Ask these attempts to stop; their end arrives like any other."""
        for slot in self._slots:
            wanted = attempt_ids & slot.attempts.keys()
            if wanted:
                slot.actor.cancel.options(concurrency_group="control").remote(sorted(wanted))

    def in_hand(self) -> dict[int, Assignment]:
        """Return the attempts that workers are at, by their id."""
        return {i: a for slot in self._slots for i, a in slot.attempts.items()}

    def poll(self, timeout_s: float) -> Iterator[tuple[Assignment, Message]]:
        """Yield what has arrived; wait at most `timeout_s` for the first message."""
        while streams := {slot.stream: slot for slot in self._slots if slot.attempts}:
            ready, _ = ray.wait(
                list(streams), num_returns=len(streams), timeout=0, fetch_local=False
            )
            if not ready and timeout_s > 0:
                ready, _ = ray.wait(
                    list(streams), num_returns=1, timeout=timeout_s, fetch_local=False
                )
            timeout_s = 0.0
            if not ready:
                return
            for stream in ready:
                yield from self._receive(streams[stream])

    def _receive(self, slot: _Slot) -> Iterator[tuple[Assignment, Message]]:
        try:
            message: Message = ray.get(next(slot.stream), timeout=FETCH_S)
        except StopIteration:
            return
        except RayError as error:
            yield from self._bury(slot, *cause_of(error))
            return
        attempt_id = (message[0] if isinstance(message, tuple) else message).attempt_id
        assignment = slot.attempts[attempt_id]
        if isinstance(message, tuple):
            del slot.attempts[attempt_id]
            slot.idle_since = time.monotonic()
            message = (replace(message[0], worker=slot.name), message[1])
            if slot.is_alone:
                self._end(slot)
        yield assignment, message

    def _bury(
        self, slot: _Slot, ending: Ending, error: str
    ) -> Iterator[tuple[Assignment, Message]]:
        assignments = list(slot.attempts.values())
        ids = sorted(slot.attempts)
        LOG.warning(
            "a worker died", worker=slot.name, cause=error.partition("\n")[0], attempts=ids
        )
        slot.attempts.clear()
        self._end(slot)
        yield from _ends_of(assignments, slot, ending, error)

    # Measurements

    def measure(self, shape: Shape, calibration: Calibration) -> None:
        """Have a free worker time what a training costs."""
        slot = self._slot_for(shape)
        slot.measurement = calibration.id
        slot.stream = slot.actor.calibrate.remote(
            calibration.payload, calibration.device, calibration.widths
        )

    def measured(self) -> tuple[int, dict[str, Any] | str] | None:
        """Return a measurement that has ended, with its result or why it has none."""
        for slot in [s for s in self._slots if s.measurement is not None]:
            ready, _ = ray.wait([slot.stream], timeout=0)
            if ready and slot.measurement is not None:
                found = slot.measurement, self._result_of(slot)
                slot.measurement, slot.idle_since = None, time.monotonic()
                return found
        return None

    def stop_measuring(self) -> None:
        """End the workers that measure."""
        for slot in [s for s in self._slots if s.measurement is not None]:
            self._end(slot)

    def _result_of(self, slot: _Slot) -> dict[str, Any] | str:
        try:
            result: dict[str, Any] = ray.get(slot.stream)
        except RayTaskError as error:
            return f"{type(error.cause).__name__}: {error.cause}"[:MAX_ERROR_CHARS]
        except RayError as error:
            cause = cause_of(error)[1]
            LOG.warning(
                "a worker died", worker=slot.name, cause=cause, measurement=slot.measurement
            )
            self._end(slot)
            return f"{DIED}: {cause}"
        return result

    def abandon(self, error: ClusterLostError) -> Iterator[tuple[Assignment, Message]]:
        """Yield the ends of all attempts on a cluster of our own that was lost.

        Those on a joined one may be alive: the next dispatcher gives them up.
        """
        ending = Ending.CRASHED if error.has_node_died else Ending.LOST
        for slot in [s for s in self._slots if s.attempts and self._local is not None]:
            assignments = list(slot.attempts.values())
            slot.attempts.clear()
            yield from _ends_of(assignments, slot, ending, f"Ray was lost: {error}")

    def stop(self) -> None:
        """Leave the cluster; one of our own ends with its actors."""
        self._pulse.stop()
        ray.shutdown()
        if self._local is not None:
            self._local.remove()


@contextmanager
def _losing() -> Iterator[None]:
    """Take Ray's refusal to do what always works for the loss of the cluster."""
    try:
        yield
    except (RayError, ConnectionError) as error:
        raise ClusterLostError(f"{type(error).__name__}: {str(error).strip()}") from error


def _ends_of(
    assignments: Sequence[Assignment], slot: _Slot, ending: Ending, error: str
) -> Iterator[tuple[Assignment, Message]]:
    for assignment in assignments:
        ids = (assignment.attempt_id, assignment.trial_id)
        yield assignment, (Ended(*ids, ending, error=error, worker=slot.name), None)
