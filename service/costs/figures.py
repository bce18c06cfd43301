"""The figures of an estimate, each with a lower and an upper end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its lower and its upper end."""

    low: float
    expected: float
    high: float

    def __add__(self, other: Interval) -> Interval:
        """Add the figures and their ends."""
        return Interval(
            self.low + other.low, self.expected + other.expected, self.high + other.high
        )

    def __mul__(self, factor: float) -> Interval:
        """Multiply the figure and its ends."""
        return Interval(self.low * factor, self.expected * factor, self.high * factor)


def total_of(intervals: Iterable[Interval]) -> Interval:
    """Add up figures."""
    return sum(intervals, Interval(0.0, 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class KindOfTraining:
    """Trainings of one kind.

    Attributes:
        n: Their largest number.
        n_least: Their least number, where no result is known already.
        n_usual: Their usual number.
        n_together: How many usually share a worker as one pack.
        seconds: Duration of one of them, alone or as part of a pack.
    """

    kind: str
    n: int
    n_least: int
    n_usual: int
    epochs: tuple[int, int, int]
    n_together: float
    seconds: Interval

    @property
    def whole(self) -> Interval:
        """Duration of all of them, one after another."""
        each = self.seconds
        return Interval(each.low * self.n_least, each.expected * self.n_usual, each.high * self.n)


@dataclass(frozen=True, slots=True)
class Epoch:
    """Duration of an epoch, and its source.

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
    """Cost of the workers' time."""

    amount: Interval
    currency: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated cost of a job; None for a figure that is not known (yet).

    Attributes:
        state: `ready`, `measuring` (ask again), or `failed` (see `detail`).
        detail: Why it is not ready.
        trainings: Upper bounds, by kind.
        epoch: Of the searches' trainings.
        pack_width: Candidates that a worker trains at once.
        n_workers: How many trials of this shape the cluster can hold; None without a dispatcher.
        work_s: Seconds of all trainings together.
        time_s: From the start to the end, with all workers free for this job.
        least_memory_bytes: Lower bound for the largest training, computed from the spec.
        worker_memory_bytes: Memory of a worker of this shape.
        overhead_s: Of each trial, besides its training; in `time_s`.
        same_job: A job of the same spec, whose results are taken: nothing is trained.
        warnings: Sentences for the user.
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
    overhead_s: Interval | None
    same_job: int | None
    warnings: tuple[str, ...]
