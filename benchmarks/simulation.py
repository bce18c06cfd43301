"""A simulated cluster: workers that take time, and a sampler that keeps them busy.

Driven by events, not by a clock: it tells what a study would cost in time whatever this machine
can do. Certain points go before likely ones; nobody waits for a batch.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from densearch.sampler import Entry, Sampler, StudyPlan
from service.samplers import create


class Simulation:
    """Some workers and one study.

    Args:
        sampler: Its name in the catalogue.
        study: What it searches.
        n_workers: Trials that run at once.
        sigma: Of the logarithm of a trial's duration, whose median is 1; 0 makes all equal.
        seed: Of the durations.

    Attributes:
        log: Every trial issued.
        now: Simulated time.
        deciding_s: CPU time spent inside the sampler.
    """

    def __init__(
        self, sampler: str, study: StudyPlan, n_workers: int, sigma: float, seed: int
    ) -> None:
        self.study = study
        self.log: list[Entry] = []
        self.now = 0.0
        self.deciding_s = 0.0
        self._sampler: Sampler = create(sampler, study)
        self._n_workers, self._sigma = n_workers, sigma
        self._chance = np.random.default_rng(seed)
        self._durations: list[float] = []
        self._waiting: deque[int] = deque()
        self._running: list[tuple[float, int]] = []

    def run(self, objective: Callable[[tuple[float, ...]], float]) -> None:
        """Run the study to its end."""
        while self._decide():
            while self._waiting and len(self._running) < self._n_workers:
                index = self._waiting.popleft()
                heapq.heappush(self._running, (self.now + self._durations[index], index))
            self.now, index = heapq.heappop(self._running)
            entry = self.log[index]
            self.log[index] = replace(entry, value=objective(entry.point))

    @property
    def speed_up(self) -> float:
        """How much longer one worker would take for the sequence alone."""
        confirmed = [i for i, entry in enumerate(self.log) if entry.number is not None]
        return sum(self._durations[i] for i in confirmed) / self.now

    @property
    def n_speculative(self) -> int:
        """Trials that ran ahead of the sequence."""
        return sum(entry.is_speculative for entry in self.log)

    @property
    def n_extra(self) -> int:
        """Trials that the sequence did not come to need."""
        return sum(entry.number is None for entry in self.log)

    def _decide(self) -> bool:
        """Ask the sampler; return whether there is more to do."""
        before = time.process_time()
        plan = self._sampler.plan(self.log)
        self.deciding_s += time.process_time() - before
        for index, number in plan.numbered.items():
            self.log[index] = replace(self.log[index], number=number)
        for proposal in plan.proposals:
            self._issue(Entry(proposal.point, None, proposal.number))
        n_free = self._n_workers - len(self._running) - len(self._waiting)
        if n_free > 0 and not plan.is_finished:
            before = time.process_time()
            likely = self._sampler.speculate(self.log, n_free)
            self.deciding_s += time.process_time() - before
            for proposal in likely:
                self._issue(Entry(proposal.point, None, None, is_speculative=True))
        return not plan.is_finished

    def _issue(self, entry: Entry) -> None:
        self._waiting.append(len(self.log))
        self.log.append(entry)
        self._durations.append(float(np.exp(self._sigma * self._chance.standard_normal())))
