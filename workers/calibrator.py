"""Schedules cost measurements on idle workers, one at a time."""

from __future__ import annotations

import time
from typing import Any

import structlog

from service.costs import calibrations
from service.costs.training_cost import TrainingCost
from service.records import Calibration, RegisteredDispatcher
from service.settings import Settings
from service.storage.database import Database
from workers.deaths import DIED
from workers.pulse import ClusterLostError
from workers.slots import WorkerShape
from workers.workforce import Workforce

LOG = structlog.get_logger(__name__)
# Time limit of a measurement, s: one that hangs would block the others for ever.
LIMIT_S = 600.0


class Calibrator:
    """See the module. Thread safety: none.

    While a measurement waits for a worker, its share of the cluster is reserved, so that trials
    cannot starve it. If trials wait when a measurement ends, the next one starts only after a
    pause of the same length, so that measurements take at most half of one worker's time from the
    jobs. A measurement that does not fit the cluster is skipped. One whose worker died is
    repeated, as often as a trial would be.

    Args:
        settings: Gives the lease time and the number of attempts.
        database: Holds the requested measurements.
        cluster: Runs them.
        me: This dispatcher.
    """

    def __init__(
        self, settings: Settings, database: Database, cluster: Workforce, me: RegisteredDispatcher
    ) -> None:
        self._lease_s = settings.lease_s
        self._max_tries = settings.max_attempts
        self._database = database
        self._cluster = cluster
        self._me = me
        self._latest: object = None
        self._waiting: Calibration | None = None
        self._running: Calibration | None = None
        self._is_to_restart = False
        self._n_tries = 0
        self._started_at = 0.0
        self._rests_until = 0.0
        self._said: tuple[int, TrainingCost | str] | None = None

    @property
    def held(self) -> WorkerShape:
        """The share of the cluster that is reserved for the next measurement."""
        if self._running is not None and self._is_to_restart:
            return _shape_of(self._running)
        if self._waiting is None or time.monotonic() < self._rests_until:
            return WorkerShape(0.0, 0.0)
        return _shape_of(self._waiting)

    def look(self) -> bool:
        """Look for a requested measurement; return whether any dispatcher has finished one."""
        if self._waiting is None and self._running is None:
            self._waiting = calibrations.next_open(self._database, self._fits)
        before, self._latest = self._latest, calibrations.latest(self._database)
        return self._latest != before

    def _fits(self, calibration: Calibration) -> bool:
        return self._cluster.capacity(_shape_of(calibration)) > 0

    def turn(self, *, trials_wait: bool) -> None:
        """Record a finished measurement and start the waiting one."""
        self._take_in(trials_wait=trials_wait)
        if self._running is not None and self._is_to_restart:
            self._restart(self._running)
        if self._waiting is not None and self._running is None:
            self._start(self._waiting)

    def _take_in(self, *, trials_wait: bool) -> None:
        self._said = self._said or self._heard()
        if self._said is None:
            return
        calibrations.settle(self._database, self._said[0], self._me, self._said[1])
        if isinstance(self._said[1], str):
            LOG.warning("a measurement failed", id=self._said[0], error=self._said[1])
        self._said, self._running, self._is_to_restart = None, None, False
        took_s = time.monotonic() - self._started_at
        self._rests_until = time.monotonic() + (took_s if trials_wait else 0.0)

    def abandon(self, lost: ClusterLostError) -> None:
        """Fail the running measurement when the node died: it may have been the cause."""
        if self._running is not None and lost.has_node_died:
            calibrations.settle(
                self._database, self._running.id, self._me, f"{DIED} with Ray: {lost}"
            )
            self._running, self._is_to_restart = None, False

    def _heard(self) -> tuple[int, TrainingCost | str] | None:
        found = self._cluster.measured()
        if found is not None and self._is_tried_again(found[1]):
            return None
        if found is not None:
            return found[0], _read(found[1])
        if self._running is None or time.monotonic() - self._started_at < LIMIT_S:
            return None
        self._cluster.stop_measuring()
        return self._running.id, f"it took more than {LIMIT_S:g} s"

    def _is_tried_again(self, result: dict[str, Any] | str) -> bool:
        """Repeat a measurement whose worker died, unless that was the last attempt."""
        if self._running is None or not isinstance(result, str) or not result.startswith(DIED):
            return False
        self._n_tries += 1
        self._is_to_restart = self._n_tries < self._max_tries
        if self._is_to_restart:
            LOG.warning("a measurement is tried again", id=self._running.id, error=result)
        return self._is_to_restart

    def _restart(self, running: Calibration) -> None:
        """Measure again as soon as a worker is free."""
        shape = _shape_of(running)
        if self._cluster.n_free(shape):
            self._is_to_restart = False
            self._cluster.measure(shape, running)

    def _start(self, waiting: Calibration) -> None:
        if not self._fits(waiting):
            self._waiting = None  # the node it needs has left the cluster
            return
        shape = _shape_of(waiting)
        if time.monotonic() < self._rests_until or not self._cluster.n_free(shape):
            return
        self._waiting = None
        if not calibrations.take(self._database, waiting, self._me, self._lease_s):
            return
        self._running, self._n_tries, self._started_at = waiting, 0, time.monotonic()
        self._cluster.measure(shape, waiting)


def _shape_of(calibration: Calibration) -> WorkerShape:
    return WorkerShape(calibration.cpus, calibration.gpus)


def _read(result: dict[str, Any] | str) -> TrainingCost | str:
    """Convert a worker's result (`workers.training.calibration.MeasuredCost`)."""
    if isinstance(result, str):
        return result
    return TrainingCost(
        start_s=result["start_s"],
        epoch_s=tuple(result["epoch_s"]),
        final_s=result["final_s"],
        test_s=result["test_s"],
        n=0,
        device=result["device"],
        peak_memory_bytes=result["peak_memory_bytes"] or None,
        pack_epoch_s=result["pack_epoch_s"],
        pack_width=result["pack_width"],
        load_s=result["load_s"],
    )
