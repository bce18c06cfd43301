"""Samplers that behave badly in the process that asks them; found there by PYTHONPATH."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from densearch.sampler import Entry, Rounds
from service.samplers.random_search import RandomPoints

# A file that lets `Waiting` go on.
GATE = "ODD_SAMPLERS_GATE"
# How many rounds go well first.
N_GOOD = 1


class Honest(Rounds):
    """Random points, a round at a time."""

    def ask_round(self, told: Sequence[Entry], index: int, size: int) -> list[tuple[float, ...]]:
        if index >= N_GOOD:
            self._misbehave()
        return RandomPoints(self.study).points(len(told), len(told) + size)

    def _misbehave(self) -> None:
        """Do what makes the sampler odd, from the second round on."""


class Sleeping(Honest):
    """Never answers."""

    def _misbehave(self) -> None:
        while True:
            time.sleep(60)


class Hungry(Honest):
    """Takes all the memory there is."""

    def _misbehave(self) -> None:
        held = [bytearray(2**24)]
        while held:
            held.append(bytearray(2**24))


class Raising(Honest):
    """Raises."""

    def _misbehave(self) -> None:
        raise ZeroDivisionError("a library's bug")


class Exiting(Honest):
    """Ends its process."""

    def _misbehave(self) -> None:
        os._exit(7)


class Dying(Honest):
    """Kills its process."""

    def _misbehave(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Waiting(Honest):
    """Answers once a file is there."""

    def _misbehave(self) -> None:
        while not Path(os.environ[GATE]).exists():
            time.sleep(0.01)
