"""A sampler as a run sees it: one that may still be thinking.

A costly sampler is asked in a process of its own, outside the run's transaction; its answer is
there at a later step. A `Sampler` in this process is an `Asker` that always answers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from service.samplers.base import Entry, Plan, Proposal, StudyPlan


class Asker(Protocol):
    """Answers as the sampler of its study does (see `Sampler`), or not yet."""

    study: StudyPlan

    def plan(self, log: Sequence[Entry]) -> Plan | None:
        """Answer what the sequence needs; None while that is not known yet: ask again.

        Raises:
            AskingFailedError: The sampler could not be asked.
        """

    def speculate(self, log: Sequence[Entry], n_free: int) -> tuple[Proposal, ...] | None:
        """Answer points to run ahead of need; None while they are not known yet."""


MakeAsker = Callable[[str, StudyPlan], Asker]
