"""A cluster without workers: the dispatcher of a server whose trials are trained outside."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from service.orchestration.messages import Assignment
from service.records import Calibration
from workers.pulse import ClusterLostError
from workers.slots import NOTHING, WorkerShape
from workers.worker import Message

LACK = (
    "this dispatcher has no workers of its own (DENSEARCH_RAY_ADDRESS is none): only jobs whose "
    "task.kind is external make progress"
)


class WithoutRay:
    """A `Workforce` that has no room for any trial."""

    def check(self) -> None:
        """Nothing can be lost."""

    def resources(self) -> dict[str, float]:
        """No CPUs and no GPUs."""
        return {"cpus": 0.0, "gpus": 0.0}

    def capacity(self, shape: WorkerShape) -> int:
        """0 for every shape."""
        del shape
        return 0

    def n_free(self, shape: WorkerShape, held: WorkerShape = NOTHING) -> int:
        """0 for every shape."""
        del shape, held
        return 0

    def n_withheld(self, shape: WorkerShape) -> int:
        """0 for every shape."""
        del shape
        return 0

    def lack_of(self, shape: WorkerShape) -> str:
        """Say why no trial runs here."""
        del shape
        return LACK

    def share(self) -> None:
        """Nothing to share."""

    def place(self, shape: WorkerShape, pack: Sequence[Assignment]) -> None:
        """Never called: there is no room.

        Raises:
            ValueError: It was called.
        """
        raise ValueError(f"no worker for {len(pack)} trials of the shape {shape}")

    def cancel(self, attempt_ids: set[int]) -> None:
        """Nothing runs."""

    def in_hand(self) -> dict[int, Assignment]:
        """Return nothing."""
        return {}

    def poll(self, timeout_s: float) -> Iterator[tuple[Assignment, Message]]:
        """Wait, and yield nothing."""
        time.sleep(timeout_s)
        yield from ()

    def measure(self, shape: WorkerShape, calibration: Calibration) -> None:
        """Never called: there is no room.

        Raises:
            ValueError: It was called.
        """
        raise ValueError(f"no worker of the shape {shape} for measurement {calibration.id}")

    def measured(self) -> tuple[int, dict[str, Any] | str] | None:
        """Return nothing."""
        return None

    def stop_measuring(self) -> None:
        """Nothing is measured."""

    def abandon(self, error: ClusterLostError) -> Iterator[tuple[Assignment, Message]]:
        """Yield nothing."""
        del error
        yield from ()

    def stop(self) -> None:
        """Nothing to leave."""
