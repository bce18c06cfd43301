"""What an estimate says: figures with what they may be at least and at most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with what it may be at least and at most."""

    low: float
    expected: float
    high: float

    def __add__(self, other: Interval) -> Interval:
        """Add figure by figure."""
        return Interval(
            self.low + other.low, self.expected + other.expected, self.high + other.high
        )

    def __mul__(self, factor: float) -> Interval:
        """Scale every figure."""
        return Interval(self.low * factor, self.expected * factor, self.high * factor)


def total_of(intervals: Iterable[Interval]) -> Interval:
    """Add up figures."""
    return sum(intervals, Interval(0.0, 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class KindOfTraining:
    """Trainings of one kind.

    Attributes:
        n: At most.
        n_least: At least, where nothing is known already.
        n_together: How many usually share a worker as one pack.
        seconds: What one of them takes, alone or as part of a pack.
    """

    kind: str
    n: int
    n_least: int
    epochs: tuple[int, int, int]
    n_together: float
    seconds: Interval

    @property
    def whole(self) -> Interval:
        """What all of them take, one after another."""
        each = self.seconds
        return Interval(each.low * self.n_least, each.expected * self.n, each.high * self.n)


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch takes and how that is known.

    Attributes:
        source: `calibration` (a few steps timed), `trials` (earlier trainings), or `spec`.
        n: Trainings that were timed.
    """

    seconds: Interval
    source: str
    n: int
    device: str
    measured_at: datetime | None


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of one worker's training, of all workers at once, and what the cluster has."""

    worker_bytes: int
    workers_bytes: int
    cluster_bytes: int | None
    fits: bool | None


@dataclass(frozen=True, slots=True)
class Money:
    """What the seconds of the workers cost."""

    amount: Interval
    currency: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job will cost; None where it is not known (yet).

    Attributes:
        state: `ready`, `measuring` (ask again), or `failed` (see `detail`).
        detail: Why it is not ready.
        trainings: By kind, at most so many.
        epoch: Of the searches' trainings.
        pack_width: Candidates that a worker trains at once.
        n_workers: How many trials of this shape the cluster can hold; None without a dispatcher.
        work_s: Seconds of all trainings together.
        time_s: From the start to the end, with all workers free for this job.
        least_memory_bytes: Lower bound for the largest training, computed from the spec.
        worker_memory_bytes: Memory of a worker of this shape.
        warnings: What the reader should know.
    """

    state: str
    detail: str | None
    trainings: tuple[KindOfTraining, ...]
    n_trainings: int
    n_epochs: int
    epoch: Epoch | None
    pack_width: int | None
    n_workers: int | None
    work_s: Interval | None
    time_s: Interval | None
    memory: Memory | None
    least_memory_bytes: int | None
    worker_memory_bytes: int | None
    money: Money | None
    warnings: tuple[str, ...]
