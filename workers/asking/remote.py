"""A study's sampler that runs in another process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Literal

from densearch.sampler import Entry, Plan, Proposal, StudyPlan
from service import samplers
from service.errors import AskingFailedError
from service.samplers import Asker, MakeAsker
from workers.asking.ask import Ask, Asked
from workers.asking.pool import AskingPool

_KEYS = itertools.count()


def maker(pool: AskingPool, job_id: int) -> MakeAsker:
    """Return the factory of a job's samplers: the costly ones run in the pool."""

    def make(name: str, study: StudyPlan) -> Asker:
        effort = samplers.effort_of(name, study)
        if effort.is_cheap:
            return samplers.create(name, study)
        path = samplers.path_of(name, study)
        key, memory = next(_KEYS), effort.memory_bytes
        asked = Asked(key, job_id, path, study, is_short=effort.is_short, memory_bytes=memory)
        return RemoteSampler(name, asked, pool.put)

    return make


class RemoteSampler:
    """Has one ask at a time and returns None until its answer has arrived.

    An answer is valid if the log has the same length as at the ask: only answers lengthen a log,
    and a value in it never changes. Values recorded since then are part of the next ask, which
    follows at once where the answer was to wait for them.

    Args:
        name: The sampler's.
        asked: The sampler and its study.
        put: Queues an ask.
    """

    def __init__(self, name: str, asked: Asked, put: Callable[[Ask], None]) -> None:
        self.study = asked.study
        self._name, self._asked, self._put = name, asked, put
        self._in_rounds = samplers.describe(name).capabilities.in_rounds
        self._pending: Ask | None = None
        self._done: dict[str, Ask] = {}
        self._is_first = True

    def plan(self, log: Sequence[Entry]) -> Plan | None:
        """See `Asker`."""
        if self._is_waiting(log):
            return Plan()
        ask = self._answered("plan", log)
        if ask is None:
            return None
        if not isinstance(ask.answer, Plan):
            raise self._failure(ask)
        self._is_first = False
        if not (ask.answer.proposals or ask.answer.is_finished) and _has_news(ask.log, log):
            # It waits for values that have arrived since, and no other may come: ask with them.
            return self.plan(log)
        return ask.answer

    def speculate(self, log: Sequence[Entry], n_free: int) -> tuple[Proposal, ...] | None:
        """See `Asker`."""
        ask = self._answered("speculate", log, n_free)
        if ask is None:
            return None
        if not isinstance(ask.answer, tuple):
            raise self._failure(ask)
        return ask.answer[:n_free]

    def _failure(self, ask: Ask) -> AskingFailedError:
        nonsense = f"it answers {ask.answer!r:.100}, which is no plan"
        reason = f"{ask.fault} (three times in a row)" if ask.fault else nonsense
        return AskingFailedError(self._name, reason)

    def _is_waiting(self, log: Sequence[Entry]) -> bool:
        """Whether a round is running; the first ask may have to complete an interrupted round."""
        if self._is_first or not self._in_rounds or self._pending is not None:
            return False
        return any(entry.value is None for entry in reversed(log))

    def _answered(
        self, kind: Literal["plan", "speculate"], log: Sequence[Entry], n_free: int = 0
    ) -> Ask | None:
        """Return the answered ask of a kind; start one if none is pending."""
        self._collect()
        found = self._done.pop(kind, None)
        if found is not None and len(found.log) == len(log):
            return found
        if self._pending is None:
            self._pending = Ask(self._asked, kind, tuple(log), n_free)
            self._put(self._pending)
        return None

    def _collect(self) -> None:
        ask = self._pending
        if ask is None or not (ask.is_done or ask.is_cancelled):
            return
        self._pending = None
        if ask.is_done and not ask.is_cancelled:
            self._done[ask.kind] = ask


def _has_news(asked: Sequence[Entry], log: Sequence[Entry]) -> bool:
    """Whether a trial of a log has ended since an ask."""
    pairs = zip(asked, log, strict=True)
    return any(old.value is None and new.value is not None for old, new in pairs)
