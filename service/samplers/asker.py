"""A sampler as a run sees it: its answer may be pending.

A costly sampler runs in a separate process, outside the run's transaction; its answer arrives
before a later step. A `Sampler` in this process is an `Asker` that always answers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from densearch.sampler import Entry, Plan, Proposal, StudyPlan


class Asker(Protocol):
    """Answers as the sampler of its study does (see `Sampler`), or not yet."""

    study: StudyPlan

    def plan(self, log: Sequence[Entry]) -> Plan | None:
        """Return the plan of the sequence; None while it is pending: ask again.

        Raises:
            AskingFailedError: The sampler failed to answer.
        """

    def speculate(self, log: Sequence[Entry], n_free: int) -> tuple[Proposal, ...] | None:
        """Return points to run speculatively; None while the answer is pending."""


MakeAsker = Callable[[str, StudyPlan], Asker]
