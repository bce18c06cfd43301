"""The trials that wait for a worker, in the order in which they may start.

A step reads the first few of them, without sorting or searching all of them.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator

from service.records import Trial
from service.studies.study_run import is_speculation

Turn = tuple[float, int]
# Turns of removed trials that may stay in the heap before it is rebuilt.
MOST_GONE = 64


class Waiting:
    """Waiting trials by their turn, their digest and whether their sequence needs them.

    Held trials wait at a rung for others of their round.

    A trial's turn is the part of its study's budget that was issued before it, then its id; it
    never changes.
    """

    def __init__(self) -> None:
        self._heap: list[Turn] = []
        self._in_heap: set[int] = set()
        self._ids: set[int] = set()
        self._guessed: set[int] = set()
        self._held: set[int] = set()
        self._by_digest: dict[str, set[int]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, trial_id: int) -> bool:
        return trial_id in self._ids

    @property
    def n_needed(self) -> int:
        """How many may start and are not speculative."""
        return len(self._ids) - len(self._guessed | self._held)

    def put(self, trial: Trial, progress: float, *, is_held: bool = False) -> None:
        """Add a trial, or update whether its sequence needs it.

        Args:
            trial: A trial in the state WAITING.
            progress: The part of its study's budget that was issued before it.
            is_held: Whether it may not start yet.
        """
        if trial.id not in self._in_heap:
            heapq.heappush(self._heap, (progress, trial.id))
            self._in_heap.add(trial.id)
        self._ids.add(trial.id)
        self._by_digest[trial.digest].add(trial.id)
        (self._guessed.add if is_speculation(trial) else self._guessed.discard)(trial.id)
        (self._held.add if is_held else self._held.discard)(trial.id)

    def remove(self, trial: Trial) -> None:
        """Remove a trial; its turn leaves the heap later (`in_order`)."""
        self._ids.discard(trial.id)
        self._guessed.discard(trial.id)
        self._held.discard(trial.id)
        same = self._by_digest[trial.digest]
        same.discard(trial.id)
        if not same:
            del self._by_digest[trial.digest]

    def with_digest(self, digest: str) -> list[int]:
        """Return the ids of the trials that wait for one training, oldest first."""
        return sorted(self._by_digest.get(digest, ()))

    def in_order(self) -> Iterator[int]:
        """Yield the ids of those that may start, by turn; the cost depends on how many are read.

        Trials may be removed meanwhile, but not added.
        """
        self._tidy()
        heap = self._heap
        front = [(turn, 0) for turn in heap[:1]]
        while front:
            (_, trial_id), at = heapq.heappop(front)
            if trial_id in self._ids and trial_id not in self._held:
                yield trial_id
            for below in range(2 * at + 1, min(2 * at + 3, len(heap))):
                heapq.heappush(front, (heap[below], below))

    def _tidy(self) -> None:
        """Drop the turns of removed trials: at the front always, and all once they are many.

        Otherwise every iteration would visit them behind a front trial that waits for long.
        """
        if len(self._heap) > 2 * len(self._ids) + MOST_GONE:
            self._heap = [turn for turn in self._heap if turn[1] in self._ids]
            heapq.heapify(self._heap)
            self._in_heap = {trial_id for _, trial_id in self._heap}
        while self._heap and self._heap[0][1] not in self._ids:
            self._in_heap.discard(heapq.heappop(self._heap)[1])
