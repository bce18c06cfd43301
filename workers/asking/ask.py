"""One ask of a costly sampler, as exchanged between a run and the process that answers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from densearch.sampler import Entry, Plan, Proposal, StudyPlan

Answer = Plan | tuple[Proposal, ...]

# A trial as it is sent: a tuple is pickled several times as fast as an `Entry`.
Sent = tuple[tuple[float, ...], float | None, int | None, bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """The sampler that is asked.

    Attributes:
        key: Unique among all samplers of this dispatcher; a new one after each restart of a run.
        job_id: Its job.
        path: ``module:class`` of the implementation.
        study: Its study.
        is_short: Whether it may use the process that is reserved for short asks.
        memory_bytes: Memory that an ask takes, without the libraries (`Effort`).
    """

    key: int
    job_id: int
    path: str
    study: StudyPlan
    is_short: bool
    memory_bytes: float = 0.0


@dataclass(eq=False, slots=True)
class Ask:
    """One ask.

    Attributes:
        asked: The sampler.
        kind: The method to call.
        log: The study's log at the time of the ask; its entries never change.
        n_free: Argument of `speculate`.
        n_ends: Number of processes that ended during this ask without an answer.
        answer: The sampler's answer.
        fault: Why the ask was abandoned.
        is_cancelled: Whether its run no longer needs the answer.
    """

    asked: Asked
    kind: Literal["plan", "speculate"]
    log: Sequence[Entry]
    n_free: int = 0
    n_ends: int = 0
    answer: Answer | None = None
    fault: str | None = None
    is_cancelled: bool = False

    @property
    def is_done(self) -> bool:
        """Whether it has an answer or was abandoned."""
        return self.answer is not None or self.fault is not None


@dataclass(frozen=True, slots=True)
class Question:
    """The message to a process that precedes the log entries that it lacks.

    Attributes:
        asked: The sampler; the process creates it if it does not hold it.
        kind: The method to call.
        n_free: Argument of `speculate`.
        n_chunks: Number of messages with entries that follow, each a mapping of indices to
            entries.
        forget: Keys of samplers to drop first.
    """

    asked: Asked
    kind: Literal["plan", "speculate"]
    n_free: int
    n_chunks: int
    forget: tuple[int, ...] = field(default=())


def sent(entry: Entry) -> Sent:
    """Return an entry as it is sent."""
    return entry.point, entry.value, entry.number, entry.is_speculative
