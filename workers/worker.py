"""What runs inside a Ray actor: trials as method calls on a warm process.

One worker runs one list of assignments at a time (a pack trains several candidates together) and
streams what happens. `cancel` arrives on a thread of its own while a training runs.
"""

from __future__ import annotations

import math
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from service.updates import Assignment, Ended, Ending, Measured
from workers import functions

# A pretended training looks this often whether it is cancelled, s.
SLICE_S = 0.05
MAX_ERROR_CHARS = 4_000

# An attempt's end travels with the weights that were wanted back, as safetensors bytes.
Message = Measured | tuple[Ended, bytes | None]


class Worker:
    """Runs assignments one list after another; keeps data and imports warm between them."""

    def __init__(self, data_dir: str | None = None, *, is_training: bool = True) -> None:
        self._data_dir = data_dir
        self._cancelled: set[int] = set()
        self._lock = threading.Lock()
        if is_training:
            import torch

            torch.set_num_threads(1)
            from workers.training import loop

            del loop

    def ping(self) -> int:
        """Answer the process id, once the worker is warm."""
        return os.getpid()

    def cancel(self, attempt_ids: Sequence[int]) -> None:
        """Ask these attempts to stop at their next look, within an epoch."""
        with self._lock:
            self._cancelled.update(attempt_ids)

    def run(self, assignments: Sequence[Assignment]) -> Iterator[Message]:
        """Run assignments and yield what happens; the last message of each is its `Ended`."""
        for assignment in assignments:
            yield from self._run_one(assignment)

    def _run_one(self, assignment: Assignment) -> Iterator[Message]:
        def should_stop() -> bool:
            return assignment.attempt_id in self._cancelled

        try:
            if assignment.payload["task"]["kind"] == "function":
                yield _call_function(assignment, should_stop), None
            else:
                yield from _train(assignment, should_stop, self._data_dir)
        except Exception as error:  # noqa: BLE001 - whatever training code raises ends its attempt alone
            yield _raised(assignment, error), None
        with self._lock:
            self._cancelled.discard(assignment.attempt_id)


def _call_function(assignment: Assignment, should_stop: Callable[[], bool]) -> Ended:
    task = assignment.payload["task"]
    start = time.monotonic()
    while (left := task["sleep_s"] - (time.monotonic() - start)) > 0:
        if should_stop():
            return Ended(assignment.attempt_id, assignment.trial_id, Ending.CANCELLED)
        time.sleep(min(SLICE_S, left))
    value = functions.evaluate(task["name"], task["dimension"], assignment.payload["point"])
    return Ended(
        assignment.attempt_id,
        assignment.trial_id,
        Ending.COMPLETED if math.isfinite(value) else Ending.DIVERGED,
        value=value if math.isfinite(value) else None,
        metrics={"loss": value} if math.isfinite(value) else {},
        training_s=time.monotonic() - start,
    )


def _train(
    assignment: Assignment, should_stop: Callable[[], bool], data_dir: str | None
) -> Iterator[Message]:
    from workers.training.loop import train
    from workers.training.task import Measurement, TrainingTask

    payload = assignment.payload
    task = TrainingTask(
        task=payload["task"],
        network=payload["network"],
        training=payload["training"],
        phi=_frozen(payload["phi"]),
        seed=payload["seed"],
        split=payload["split"],
        device=assignment.device,
        keep_weights=assignment.keeps_weights,
        gradient=payload.get("gradient"),
        data_dir=data_dir,
    )
    for item in train(task, should_stop, assignment.stop_above):
        if isinstance(item, Measurement):
            yield Measured(
                assignment.attempt_id,
                assignment.trial_id,
                item.epoch,
                _finite(item.metrics),
                item.elapsed_s,
            )
        else:
            ended = Ended(
                assignment.attempt_id,
                assignment.trial_id,
                Ending(item.status.value.lower()),
                value=item.value,
                metrics=_finite(item.metrics),
                training_s=item.training_s,
                curve=item.curve,
                learned=item.learned,
            )
            yield ended, item.weights


def _frozen(nested: Any) -> Any:  # noqa: ANN401 - lists in lists
    """Turn nested lists into nested tuples, also where they are an object's values."""
    if isinstance(nested, dict):
        return {name: _frozen(value) for name, value in nested.items()}
    return tuple(map(_frozen, nested)) if isinstance(nested, list) else nested


def _finite(metrics: dict[str, float]) -> dict[str, Any]:
    """JSON has no NaN: a metric that is not finite is left out."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _raised(assignment: Assignment, error: Exception) -> Ended:
    text = "".join(traceback.format_exception(error))[-MAX_ERROR_CHARS:]
    return Ended(assignment.attempt_id, assignment.trial_id, Ending.ERROR, error=text)
