"""A sampler as a run sees it: its answer may be pending.

A costly sampler runs in a separate process, outside the run's transaction; its answer arrives
before a later step. A `Sampler` in this process is an `Asker` that always answers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from densearch.sampler import Entry, Plan, Proposal, StudyPlan
from service.errors import AskingFailedError


class Asker(Protocol):
    """Answers as the sampler of its study does (see `Sampler`), or not yet."""

    study: StudyPlan

    def plan(self, log: Sequence[Entry]) -> Plan | None:
        """Return the plan of the sequence; None while it is pending: ask again.

        Raises:
            AskingFailedError: The sampler failed to answer.
        """

    def speculate(self, log: Sequence[Entry], n_free: int) -> tuple[Proposal, ...] | None:
        """Return points to run speculatively; None while the answer is pending.

        Raises:
            AskingFailedError: The sampler failed to answer.
        """


class Failed:
    """The asker of a study whose sampler cannot be made here: it fails at each ask.

    So the study ends with the trials that it has, and the others of its job go on.
    """

    def __init__(self, name: str, study: StudyPlan, reason: str) -> None:
        self.study = study
        self._name, self._reason = name, reason

    def plan(self, log: Sequence[Entry]) -> Plan | None:
        """See `Asker`."""
        del log
        raise AskingFailedError(self._name, self._reason)

    def speculate(self, log: Sequence[Entry], n_free: int) -> tuple[Proposal, ...]:
        """Return nothing."""
        del log, n_free
        return ()


MakeAsker = Callable[[str, StudyPlan], Asker]
