"""Which of the trials that could start share a worker, as one pack."""

from __future__ import annotations

import math

from service.records import Trial
from service.studies.pack_key import pack_key
from service.studies.training_payload import payload_of


class Packing:
    """At most `n_packs` packs of trials, each for one worker; a pack holds `width` at most.

    A trial joins an open pack whose trainings differ from its own in what a pack allows
    (`service.studies.pack_key`), or begins a pack. One that failed before is alone: when the
    worker of a pack dies, that shows which of its trials is the cause.

    Args:
        n_packs: Workers that are free.
        width: The most that a worker trains at once.
        n_waiting: Trials that could start, at most as many as fit: they are divided among the free
            workers, so that no worker trains all of them while others idle.
    """

    def __init__(self, n_packs: int, width: int, n_waiting: int) -> None:
        self._n_packs = n_packs
        self._width = min(width, math.ceil(n_waiting / max(n_packs, 1)))
        self._open: dict[str, list[Trial]] = {}
        self.packs: list[list[Trial]] = []

    @property
    def has_room(self) -> bool:
        """Whether a worker is still without a trial."""
        return len(self.packs) < self._n_packs

    def add(self, trial: Trial) -> bool:
        """Add a trial; return whether there was room for it."""
        is_shared = trial.error is None and self._width > 1
        key = pack_key(payload_of(trial.payload)) if is_shared else None
        pack = self._open.get(key) if key is not None else None
        if pack is None:
            if len(self.packs) >= self._n_packs:
                return False
            pack = []
            self.packs.append(pack)
            if key is not None:
                self._open[key] = pack
        pack.append(trial)
        if key is not None and len(pack) >= self._width:
            del self._open[key]
        return True
