"""What a sampler remembers of a log that only grows: which trials are open, which lack a number.

A search of the whole log at every end of a trial would cost its length each time.
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
        """Look at what is new in the log, and again at what was open."""
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
