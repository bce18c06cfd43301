"""Shared by tests: a dispatcher that pretends to train, in a thread, next to a live server."""

from __future__ import annotations

import threading

from service.storage.database import Database
from tests.support.simulation import Simulation


class SimulatedDispatcher:
    """Ends every job that is submitted, as soon as it can."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        simulation = Simulation(self._database)
        while not self._ending.wait(0.05):
            for run in simulation.take():
                simulation.run(run)
