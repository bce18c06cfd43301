"""The Ray actor that runs trials, in a process that is reused between trials.

A worker runs one list of assignments at a time (a pack trains several candidates together) and
yields messages. `cancel` runs in another thread while a training runs.
"""

from __future__ import annotations

import math
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.checkpoint_files import CheckpointRule
from service.datasets.store.array_files import UnseenDatasetError
from service.orchestration.messages import Assignment, Ended, Ending, Measured
from service.records import Json
from service.sizes import size_text
from service.studies.pack_key import pack_key
from service.studies.training_payload import (
    FunctionPayload,
    TrainingPayload,
    is_packed,
    payload_of,
)
from workers import attempt_log, functions
from workers.black_box import BlackBox
from workers.checkpoints import Checkpoints, Noted
from workers.gpu_share import GpuShare
from workers.memory_limit import limited

if TYPE_CHECKING:  # torch is imported only by processes that train
    from workers.training.task import Candidate, EpochMeasurement, Outcome

# Interval at which a sleeping function trial checks whether it is cancelled, s.
SLICE_S = 0.05
MAX_ERROR_CHARS = 4_000
# Folder of the black boxes, in that of Ray's session.
BOXES = "densearch"
CUDA = "cuda"
# Bits of a factor: sign, exponent and fraction.
PRECISION_BITS = {"float32": 32, "tf32": 19, "bfloat16": 16}

# An attempt's end is sent with the weights, as safetensors bytes, if they were requested.
Message = Measured | Noted | tuple[Ended, bytes | None]
# Exceptions that the code of a trial may raise.
Raised = Exception | SystemExit


@dataclass(frozen=True, slots=True)
class Process:
    """A worker's process, by which its death is examined, see `workers.post_mortem`.

    Attributes:
        node: Id of the Ray node that it runs on.
        pid: Its process id there.
        box: Path of its black box, "" if it has none.
        logs: Folder of Ray's logs.
    """

    node: str
    pid: int
    box: str
    logs: str


class Worker:
    """Runs lists of assignments one after another; keeps data and imports between them.

    Args:
        data_dir: The data directory, which holds stored data sets.
        is_training: Whether to load torch.
        memory_bytes: Memory limit of the process while it trains; None for no limit. A training
            that exceeds it ends with an error that says so.
        gpu_share: The share of a GPU that its trainings may use, see `workers.gpu_share`.
        checkpoints: When checkpoints are written; None writes none.
        n_readers: Processes that read images for its trainings, see
            `workers.training.data.readers`.
    """

    def __init__(
        self,
        data_dir: str | None = None,
        *,
        is_training: bool = True,
        memory_bytes: int | None = None,
        gpu_share: float = 1.0,
        checkpoints: CheckpointRule | None = None,
        n_readers: int = 0,
    ) -> None:
        self._data_dir = data_dir
        self._checkpoints = Checkpoints(data_dir, checkpoints)
        self._memory_bytes = memory_bytes
        self._gpu = GpuShare(gpu_share)
        self._box: BlackBox | None = None
        self._cancelled: set[int] = set()
        self._lock = threading.Lock()
        if is_training:
            import torch

            torch.set_num_threads(1)
            from workers.training import packs
            from workers.training.data.readers import use_readers

            del packs
            use_readers(n_readers)

    def process(self) -> Process:
        """Start the worker's black box, and return what a death is examined by."""
        import ray
        from ray._private import worker as ray_worker

        node, pid = str(ray.get_runtime_context().get_node_id()), os.getpid()
        own: Any = ray_worker._global_node  # noqa: SLF001 - nothing public names the session
        box = Path(own.get_session_dir_path()) / BOXES / f"{pid}.json"
        try:
            self._box = BlackBox(box)
            self._box.start()
        except OSError:  # a full disk: a death is examined without it
            return Process(node, pid, "", own.get_logs_dir_path())
        return Process(node, pid, str(box), own.get_logs_dir_path())

    def cancel(self, attempt_ids: Sequence[int]) -> None:
        """Ask these attempts to stop at their next step."""
        with self._lock:
            self._cancelled.update(attempt_ids)

    def run(self, assignments: Sequence[Assignment]) -> Iterator[Message]:
        """Run assignments and yield their messages; the last of each assignment is its `Ended`.

        Those of jobs with packs are trained together where possible.
        """
        packed = [a for a in assignments if _is_packed(a)]
        with limited(self._memory_bytes):
            for assignment in assignments:
                if assignment not in packed:
                    yield from self._with_notes(self._run_one(assignment))
            if packed:
                with attempt_log.kept(self._data_dir, packed):
                    yield from self._with_notes(self._run_pack(packed))

    def _with_notes(self, messages: Iterable[Message]) -> Iterator[Message]:
        """Yield messages, each after the notes that precede it."""
        for message in messages:
            yield from self._checkpoints.take_notes()
            yield message

    def calibrate(self, payload: Json, device: str, widths: Sequence[int] = (1,)) -> Json:
        """Measure a training's cost here, see `workers.training.calibration.MeasuredCost`.

        Args:
            payload: A trial's, see `service.studies.training_payload`.
            device: "cpu" or "cuda".
            widths: Widths of the packs to measure.
        """
        from workers.training.calibration import calibrate
        from workers.training.task import TrainingTask

        self._limit_memory(device)
        with limited(self._memory_bytes):
            try:
                task = TrainingTask.of(TrainingPayload.from_json(payload), device, self._data_dir)
                return asdict(calibrate(task, widths))
            except (MemoryError, RuntimeError) as error:
                raise self._explained(error) from error

    def _run_one(self, assignment: Assignment) -> Iterator[Message]:
        try:
            payload = payload_of(assignment.payload)
            if isinstance(payload, FunctionPayload):
                yield _call_function(assignment, payload, self._stop_of(assignment)), None
            else:
                yield from self._train(assignment)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - any error of training code ends only its attempt
            yield self._raised(assignment, error), None
        self._forget([assignment])

    def _train(self, assignment: Assignment) -> Iterator[Message]:
        with attempt_log.kept(self._data_dir, [assignment]):
            yield from self._trained(assignment)

    def _trained(self, assignment: Assignment) -> Iterator[Message]:
        from workers.training.loop import train

        self._limit_memory(assignment.device)
        candidate = self._candidate(assignment)
        stop, limits = candidate.should_stop, candidate.stop_above
        for item in train(candidate.task, stop, limits, candidate.store, rung=candidate.rung):
            yield _message(assignment, item)

    def _run_pack(self, assignments: Sequence[Assignment]) -> Iterator[Message]:
        from workers.training.packs import train_pack

        self._limit_memory(assignments[0].device)
        for index, item in train_pack([self._candidate(a) for a in assignments]):
            if isinstance(item, Exception):
                yield self._raised(assignments[index], item), None
            else:
                yield _message(assignments[index], item)
        self._forget(assignments)

    def _limit_memory(self, device: str) -> None:
        if device == CUDA:
            self._gpu.limit()

    def _raised(self, assignment: Assignment, error: Raised) -> Ended:
        """Return the end of an attempt that raised because of its code or of its node."""
        is_displaced = self._is_displaced(assignment, error)
        ending = Ending.DISPLACED if is_displaced else Ending.ERROR
        return _ended(assignment, self._explained(error), ending)

    def _is_displaced(self, assignment: Assignment, error: Raised) -> bool:
        """Whether the node caused the error, so that the trial may succeed on another."""
        if isinstance(error, UnseenDatasetError) or _is_reader_lost(error):
            return True
        is_full = assignment.device == CUDA and _is_out_of_memory(error)
        return is_full and self._gpu.is_crowded()

    def _explained(self, error: Raised) -> Raised:
        """Return the error, or one that states the memory limit if that was exceeded."""
        if self._memory_bytes is None or not _is_out_of_memory(error):
            return error
        explained = MemoryError(
            "the training needs more memory than its worker has "
            f"({size_text(self._memory_bytes)}): lower the batch size, the network's width or the "
            "patch's side, or raise resources.cpus_per_trial"
        )
        return explained.with_traceback(error.__traceback__)

    def _candidate(self, assignment: Assignment) -> Candidate:
        from workers.training.task import Candidate, TrainingTask

        task = TrainingTask.of(
            TrainingPayload.from_json(assignment.payload),
            assignment.device,
            self._data_dir,
            keep_weights=assignment.keeps_weights,
        )
        limits, store = tuple(assignment.stop_above), self._checkpoints.store_of(assignment)
        return Candidate(task, self._stop_of(assignment), limits, store, rung=assignment.rung)

    def _stop_of(self, assignment: Assignment) -> Callable[[], bool]:
        return lambda: assignment.attempt_id in self._cancelled

    def _forget(self, assignments: Sequence[Assignment]) -> None:
        with self._lock:
            self._cancelled.difference_update(a.attempt_id for a in assignments)


def _is_packed(assignment: Assignment) -> bool:
    payload = assignment.payload
    return is_packed(payload) and pack_key(payload_of(payload)) is not None


def _is_reader_lost(error: Raised) -> bool:
    if not isinstance(error, RuntimeError):
        return False
    from workers.training.data.reading import ReaderLostError

    return isinstance(error, ReaderLostError)


def _is_out_of_memory(error: Raised) -> bool:
    if not isinstance(error, RuntimeError):
        return isinstance(error, MemoryError)
    from workers.training.packs import is_out_of_memory

    return is_out_of_memory(error)


def _call_function(
    assignment: Assignment, payload: FunctionPayload, should_stop: Callable[[], bool]
) -> Ended:
    start = time.monotonic()
    while (left := payload.sleep_s - (time.monotonic() - start)) > 0:
        if should_stop():
            return Ended(assignment.attempt_id, assignment.trial_id, Ending.CANCELLED)
        time.sleep(min(SLICE_S, left))
    value = functions.evaluate(payload.name, payload.dimension, payload.point)
    return Ended(
        assignment.attempt_id,
        assignment.trial_id,
        Ending.COMPLETED if math.isfinite(value) else Ending.DIVERGED,
        value=value if math.isfinite(value) else None,
        metrics={"loss": value} if math.isfinite(value) else {},
        training_s=time.monotonic() - start,
    )


def _message(assignment: Assignment, item: EpochMeasurement | Outcome) -> Message:
    from workers.training.devices import device_kind
    from workers.training.task import EpochMeasurement

    if isinstance(item, EpochMeasurement):
        return Measured(
            assignment.attempt_id,
            assignment.trial_id,
            item.epoch,
            _finite(item.metrics),
            item.elapsed_s,
        )
    ended = Ended(
        assignment.attempt_id,
        assignment.trial_id,
        Ending(item.status.value.lower()),
        value=item.value,
        device=device_kind(assignment.device),
        items=item.items,
        sheet=item.sheet,
        **item.measured() | {"metrics": _metrics(assignment, item)},
    )
    return ended, item.weights


def _metrics(assignment: Assignment, outcome: Outcome) -> Json:
    """Return the metrics, with the precision if one other than float32 was allowed."""
    metrics = _finite(outcome.metrics)
    wanted = TrainingPayload.from_json(assignment.payload).settings.precision
    if not metrics or wanted == "float32":
        return metrics
    return metrics | {"precision_bits": PRECISION_BITS[outcome.precision]}


def _finite(metrics: dict[str, float]) -> dict[str, Any]:
    """Return the finite metrics: JSON has no NaN."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _ended(assignment: Assignment, error: Raised, ending: Ending) -> Ended:
    """Return the end of an attempt that raised: the message, an empty line, the traceback."""
    # A ValueError of the training code rejects the task: its message is complete.
    kind = "" if isinstance(error, ValueError) and str(error) else f"{type(error).__name__}: "
    message = f"{kind}{error}"[: MAX_ERROR_CHARS // 4]
    trace = "".join(traceback.format_exception(error))
    text = f"{message}\n\n{trace[len(message) + 2 - MAX_ERROR_CHARS :]}"
    return Ended(assignment.attempt_id, assignment.trial_id, ending, error=text)
