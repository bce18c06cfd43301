"""Parallel DIRECT-L that visits, point for point, what sequential NLopt GN_DIRECT_L visits.

Source: Gablonsky and Kelley (2001), as NLopt's cdirect.c runs it. Why the points below are certain
is told in docs/adr/0003-direct-l-by-replay.md; tests/contracts/samplers holds it to NLopt.
"""

from __future__ import annotations

import logging
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from service.samplers.base import Entry, Plan, Proposal, Sampler, StudyPlan
from service.samplers.replay import Replay, replay

logger = logging.getLogger(__name__)

# Below every value that may be told, above NLopt's stopval.
LARGEST_VALUE = 1e300


@dataclass(frozen=True, slots=True)
class _Visit:
    """One place of the sequence: the `turn`-th time (from 0) that it asks for this point."""

    key: bytes
    turn: int
    number: int | None


class DirectL(Sampler):
    """Issues every point that the sequence is certain to need, as soon as it is certain.

    Option `magic_eps`: Jones' epsilon, 1e-4 by default. The study's `lower_bound` must be true: it
    nearly doubles the certain points in few dimensions. A point that the sequence asks for again
    gets another trial; the value that counts is that of its first.
    """

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        self._magic_eps = float(str(study.options.get("magic_eps", 1e-4)))
        self._struct = struct.Struct(f"={study.dimension}d")
        self._n_seen = 0
        self._trials: dict[bytes, list[int]] = {}  # a point -> indices into the log
        self._values: dict[bytes, float] = {}  # a point -> the value of its first trial
        self._open: dict[int, bytes] = {}  # trials whose value has not been seen
        self._wanted: list[_Visit] | None = None  # certain visits without a trial or its number
        self._awaited: set[bytes] = set()  # nothing more can be certain before all these are known

    def plan(self, log: Sequence[Entry]) -> Plan:
        """Answer the certain points without a trial, and the numbers that became certain."""
        has_news = self._read(log)
        if self._wanted is None or (has_news and self._awaited <= self._values.keys()):
            self._look(log)
        proposals, numbered = self._compare(log)
        room = max(self.study.n_trials - len(log), 0)
        if len(proposals) > room:
            # Another C library may order ties otherwise. The budget holds, and the log is the log.
            logger.warning(
                "the log has %d points that this replay does not ask for", len(proposals)
            )
        is_spent = room == 0 and not self._open
        return Plan(tuple(proposals[:room]), numbered, is_spent)

    def _read(self, log: Sequence[Entry]) -> bool:
        """Take in what is new in the log; return whether a value has arrived."""
        for index in range(self._n_seen, len(log)):
            key = self._struct.pack(*log[index].point)
            self._trials.setdefault(key, []).append(index)
            self._open[index] = key
        self._n_seen = len(log)
        ended = [index for index in self._open if log[index].value is not None]
        for index in ended:
            key, value = self._open.pop(index), log[index].value
            if value is not None and self._trials[key][0] == index:
                self._values[key] = min(max(value, -LARGEST_VALUE), LARGEST_VALUE)
        return bool(ended)

    def _look(self, log: Sequence[Entry]) -> None:
        """Replay with unknown values as high and as low as can be; what both visit is certain.

        The best value so far alone decides which rectangles of an iteration are divided, and a
        lower one only spares more of them. So the low run's visits are needed whatever the values,
        a visit's index in the high run is the largest it can have, and as far as both runs agree
        from the start, so does the true one.
        """
        high = self._replay(max(self._values.values(), default=0.0) + 1.0)
        is_known = high.first_unknown == len(high.keys)
        low = high if is_known else self._replay(self._lowest())
        pairs = zip(high.keys, low.keys, strict=False)
        n_agreed = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        needed = Counter(low.keys)
        is_settled = n_agreed == len(high.keys)
        self._awaited = set(high.keys) - self._values.keys() if is_settled else set()
        visits = (v for v in _visits(high.keys, n_agreed) if v.turn < needed[v.key])
        self._wanted = [v for v in visits if not self._is_placed(v, log)]

    def _compare(self, log: Sequence[Entry]) -> tuple[list[Proposal], dict[int, int]]:
        """Match what is certain with the log: points without a trial, trials without a number."""
        proposals: list[Proposal] = []
        numbered: dict[int, int] = {}
        for visit in self._wanted or ():
            index = self._trial_of(visit)
            if index is None:
                proposals.append(Proposal(self._struct.unpack(visit.key), visit.number))
            elif visit.number is not None and log[index].number is None:
                numbered[index] = visit.number
        return proposals, numbered

    def _replay(self, placeholder: float) -> Replay:
        study = self.study
        return replay(study.dimension, study.n_trials, self._magic_eps, self._values, placeholder)

    def _lowest(self) -> float:
        """What no unknown value can be below."""
        bound = self.study.lower_bound
        if bound is None or min(self._values.values(), default=bound) < bound:
            return -LARGEST_VALUE  # none is known, or what was stated has proved untrue
        return max(bound, -LARGEST_VALUE)

    def _trial_of(self, visit: _Visit) -> int | None:
        trials = self._trials.get(visit.key, [])
        return trials[visit.turn] if visit.turn < len(trials) else None

    def _is_placed(self, visit: _Visit, log: Sequence[Entry]) -> bool:
        index = self._trial_of(visit)
        return index is not None and log[index].number is not None


def _visits(keys: Sequence[bytes], n_agreed: int) -> Iterator[_Visit]:
    turns: Counter[bytes] = Counter()
    for index, key in enumerate(keys):
        yield _Visit(key, turns[key], index if index < n_agreed else None)
        turns[key] += 1
