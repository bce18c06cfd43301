"""What a dispatcher needs of its workers, wherever they are: the contract of `Cluster`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from service.orchestration.messages import Assignment
from service.records import Calibration
from workers.pulse import ClusterLostError
from workers.slots import NOTHING, WorkerShape
from workers.worker import Message


class Workforce(Protocol):
    """Runs trials: `workers.cluster.Cluster` with Ray, `workers.without_ray.WithoutRay` none."""

    def check(self) -> None:
        """Check that the workers can be reached.

        Raises:
            ClusterLostError: They cannot, and will not be.
        """

    def resources(self) -> dict[str, float]:
        """Return how many CPUs and GPUs there are, as `cpus` and `gpus`."""

    def capacity(self, shape: WorkerShape) -> int:
        """Return how many workers of a shape there is room for, busy ones included."""

    def n_free(self, shape: WorkerShape, held: WorkerShape = NOTHING) -> int:
        """Return how many more workers of a shape may begin, next to what is held back."""

    def n_withheld(self, shape: WorkerShape) -> int:
        """Return how many workers fewer there are for want of memory."""

    def lack_of(self, shape: WorkerShape) -> str:
        """Return why there is no room for a shape."""

    def share(self) -> None:
        """Let idle workers make room for other shapes."""

    def place(self, shape: WorkerShape, pack: Sequence[Assignment]) -> None:
        """Start the trials of a pack on one worker."""

    def cancel(self, attempt_ids: set[int]) -> None:
        """Stop some attempts."""

    def in_hand(self) -> dict[int, Assignment]:
        """Return the attempts that workers have, by their ids."""

    def poll(self, timeout_s: float) -> Iterator[tuple[Assignment, Message]]:
        """Wait for messages of the workers, and yield them."""

    def measure(self, shape: WorkerShape, calibration: Calibration) -> None:
        """Start a measurement on a worker of its own."""

    def measured(self) -> tuple[int, dict[str, Any] | str] | None:
        """Return the measurement that has ended with its result, or with why it failed."""

    def stop_measuring(self) -> None:
        """Stop the measurement."""

    def abandon(self, error: ClusterLostError) -> Iterator[tuple[Assignment, Message]]:
        """Yield the ends of all attempts, whose workers are lost."""

    def stop(self) -> None:
        """Leave the workers."""
