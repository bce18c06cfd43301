"""One question to a costly sampler, from the run that has it to the process that answers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from service.samplers import Entry, Plan, Proposal, StudyPlan

Answer = Plan | tuple[Proposal, ...]

# What is sent of a trial: a tuple is pickled several times as fast as an `Entry`.
Sent = tuple[tuple[float, ...], float | None, int | None, bool]


@dataclass(frozen=True, slots=True)
class Asked:
    """The sampler that is asked.

    Attributes:
        key: Tells it from all others of this dispatcher, and from itself after a new start.
        job_id: Whose it is.
        path: ``module:class`` of the implementation.
        study: Its study.
        is_short: Whether it may use the process that is kept for short asks.
    """

    key: int
    job_id: int
    path: str
    study: StudyPlan
    is_short: bool


@dataclass(eq=False, slots=True)
class Ask:
    """One question.

    Attributes:
        asked: Whom it goes to.
        kind: The method that is called.
        log: The study's log at the moment of asking; its entries never change.
        n_free: For `speculate`.
        n_ends: Processes that have ended at it without an answer.
        answer: What was answered.
        fault: Why it was given up.
        is_cancelled: Whether nobody waits for it any more.
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
        """Whether there is an answer, or will be none."""
        return self.answer is not None or self.fault is not None


@dataclass(frozen=True, slots=True)
class Question:
    """What a process is sent before the entries of the log that it lacks.

    Attributes:
        asked: The sampler; made when the process does not have it.
        kind: The method to call.
        n_free: For `speculate`.
        n_chunks: Messages with entries that follow, each a mapping of indices to entries.
        forget: Keys of samplers to let go of first.
    """

    asked: Asked
    kind: Literal["plan", "speculate"]
    n_free: int
    n_chunks: int
    forget: tuple[int, ...] = field(default=())


def sent(entry: Entry) -> Sent:
    """Return an entry as it is sent."""
    return entry.point, entry.value, entry.number, entry.is_speculative
