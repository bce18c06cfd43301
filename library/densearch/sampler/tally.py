"""The open and the unnumbered trials of a log, updated as the log grows.

To search the whole log at each end of a trial would take time proportional to its length.
"""

from __future__ import annotations

from collections.abc import Sequence

from densearch.sampler.contract import Entry


class LogTally:
    """Follows one study's log.

    Attributes:
        n_seen: Trials seen so far.
    """

    def __init__(self) -> None:
        self.n_seen = 0
        self._open: set[int] = set()
        self._unnumbered: set[int] = set()

    def take(self, log: Sequence[Entry]) -> None:
        """Read the new entries of the log, and those that were open or had no number."""
        new = range(self.n_seen, len(log))
        self.n_seen = len(log)
        self._open = {i for i in self._open.union(new) if log[i].value is None}
        self._unnumbered = {i for i in self._unnumbered.union(new) if log[i].number is None}

    @property
    def n_open(self) -> int:
        """How many trials have no value yet."""
        return len(self._open)

    @property
    def first_open(self) -> int:
        """Index of the first trial without a value; the log's length when there is none."""
        return min(self._open, default=self.n_seen)

    @property
    def numbered(self) -> dict[int, int]:
        """Numbers for trials that lack one, for samplers whose order of issue is the sequence."""
        return {i: i for i in sorted(self._unnumbered)}
